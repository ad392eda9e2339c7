import { judgeObservation } from '../segments/judge-finding.js';
import type { Observation } from '../segments/observation.js';
import { judgeCondition, type ProbeCondition, staleAtMs } from '../segments/probe-condition.js';
import type { ProbeRules } from '../segments/probe-result.js';
import { type JudgedState, type ServiceState, unknownBecause } from '../segments/service-state.js';

/** What the probe of a service says of the run that is there now. */
export interface ProbeStatus {
  /** `http`, `redis`, … */
  type: string;
  /** `pending` until it passed since the container was started. */
  state: 'pending' | 'passing' | 'failing';
  /** Unix milliseconds. */
  lastSuccessMs: number | null;
  /** The first result of those in a row without success, be they enough to count or not. */
  failingSinceMs: number | null;
  /** What was wrong at the latest question; null when nothing was. */
  detail: string | null;
}

/** What a service is now, by its latest inspection and its probe. */
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
  /** Null for a service without a probe. */
  probe: ProbeStatus | null;
}

export interface Transition {
  service: string;
  from: ServiceState;
  to: ServiceState;
  reason: string | null;
  /** Unix milliseconds. */
  atMs: number;
}

/** The condition of a service's probe, with what is needed to judge it. */
export interface ProbeView {
  type: string;
  condition: ProbeCondition;
  rules: ProbeRules;
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
  probe: null,
});

function probeStatus({ type, condition }: ProbeView): ProbeStatus {
  const { phase, sinceMs, doubts, latest, lastSuccessMs } = condition;
  const outcome = latest?.outcome;
  return {
    type,
    state: phase,
    lastSuccessMs,
    failingSinceMs: doubts[0]?.askedMs ?? (phase === 'failing' ? sinceMs : null),
    detail:
      outcome === undefined || outcome.kind === 'passed'
        ? null
        : outcome.kind === 'failed'
          ? outcome.detail
          : 'timed out',
  };
}

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

/** What the probe makes of a container that is up by itself; it can only take the state away. */
function judgeProbe({ condition, rules }: ProbeView, nowMs: number): JudgedState {
  const staleMs = staleAtMs(condition, rules) ?? Infinity;
  return nowMs < staleMs
    ? judgeCondition(condition)
    : { state: 'unknown', reason: unknownBecause.probeOverdue };
}

/** The status by an observation and the probe's word, given the one before it. */
export function nextStatus(
  before: ServiceStatus,
  observation: Observation,
  probe: ProbeView | null,
  nowMs: number,
): ServiceStatus {
  const { finding } = observation;
  const seen = judgeObservation(observation);
  const decidedByProbe = probe !== null && seen.state === 'up';
  const { state, reason } = decidedByProbe ? judgeProbe(probe, nowMs) : seen;
  const container = finding.kind === 'container' ? finding.container : null;
  const containerId = container?.id ?? null;
  const unchanged = before.state === state && before.reason === reason && before.containerId === containerId;
  const changedMs =
    (decidedByProbe ? probe.condition.sinceMs : null) ?? changedAtMs(observation, before, seen.state);
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
    sinceMs: unchanged ? before.sinceMs : changedMs,
    containerId,
    image: container?.image ?? null,
    probe: probe && probeStatus(probe),
  };
}
