/**
 * One component that an app depends on. `check` returns what a person wants to know about it, or throws when the app
 * cannot do its work without it.
 */
export interface HealthCheck {
  /** As it appears in the answer of `/health`, e.g. `database`. */
  name: string;
  check: () => Promise<Record<string, unknown>> | Record<string, unknown>;
}

export const HEALTH_CHECKS = Symbol('HEALTH_CHECKS');
