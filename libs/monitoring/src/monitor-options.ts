import type { FactLogger } from '#platform';

import type { Clock } from './clock.js';
import type { MonitoringPlan } from './plan/monitoring-plan.js';

export interface MonitorOptions {
  /** Exact container names or globs. */
  services: string[];
  /** DOCKER_HOST syntax, `unix://` or `tcp://`; undefined is the default socket. */
  dockerHost?: string | undefined;
  dataDir: string;
  /** What services must do and be besides running; absent: nothing. */
  plan?: MonitoringPlan | undefined;
  /** How long every detail is kept; of what is older, whole minutes. */
  retentionDays?: number;
  inspectEveryMs?: number;
  requestTimeoutMs?: number;
  logger?: FactLogger;
  clock?: Clock;
}
