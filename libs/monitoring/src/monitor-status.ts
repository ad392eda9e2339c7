import { judgeFinding } from './segments/judge-finding.js';
import type { Observation } from './segments/observation.js';
import type { ServiceState } from './segments/service-state.js';

/** What a service is now, by its latest inspection. */
export interface ServiceStatus {
  name: string;
  /** Docker's word, or `missing`, or `unknown`. */
  status: string;
  state: ServiceState;
  reason: string | null;
  running: boolean;
  health: string | null;
  /** Since when it has been in this state, as far as is known; Unix milliseconds. */
  sinceMs: number | null;
  containerId: string | null;
  image: string | null;
}

export interface Transition {
  service: string;
  from: ServiceState;
  to: ServiceState;
  reason: string | null;
  /** Unix milliseconds. */
  atMs: number;
}

export const notObserved = (name: string): ServiceStatus => ({
  name,
  status: 'unknown',
  state: 'unknown',
  reason: 'not yet observed',
  running: false,
  health: null,
  sinceMs: null,
  containerId: null,
  image: null,
});

/** The Engine's own time of the change, when it can be true; the time of the answer otherwise. */
function changedAtMs(
  { finding, answeredAt }: Observation,
  before: ServiceStatus,
  state: ServiceState,
): number {
  if (finding.kind !== 'container') return answeredAt.wallMs;
  const { startedAtMs, finishedAtMs, health, status } = finding.container;
  const atMs =
    state === 'up' && health === null
      ? startedAtMs
      : status === 'exited' || status === 'dead'
        ? finishedAtMs
        : null;
  const notBeforeMs = before.sinceMs ?? 0;
  return atMs !== null && atMs <= answeredAt.wallMs && atMs >= notBeforeMs ? atMs : answeredAt.wallMs;
}

/** The status after an observation, given the one before it. */
export function nextStatus(before: ServiceStatus, observation: Observation): ServiceStatus {
  const { finding } = observation;
  const { state, reason } = judgeFinding(finding);
  const container = finding.kind === 'container' ? finding.container : null;
  const containerId = container?.id ?? null;
  const unchanged = before.state === state && before.reason === reason && before.containerId === containerId;
  const since = unchanged ? before.sinceMs : changedAtMs(observation, before, state);
  return {
    name: before.name,
    status:
      finding.kind === 'container'
        ? finding.container.status || 'unknown'
        : finding.kind === 'missing'
          ? 'missing'
          : 'unknown',
    state,
    reason,
    running: container?.status === 'running',
    health: container?.health ?? null,
    sinceMs: since,
    containerId,
    image: container?.image ?? null,
  };
}
