import { judgeObservation } from './judge-finding.js';
import type { ContainerFacts, Finding, Observation } from './observation.js';
import type { ServiceEvent } from './service-event.js';
import type { JudgedState } from './service-state.js';

/** Longest gap between two inspections that still counts as watched: 2.4 inspections of five seconds. */
export const maxGapMs = 12_000;

/** Largest difference between the advance of the wall clock and of the monotonic clock that slewing can explain. */
export const maxClockDriftMs = 1_000;

/** Longest stretch of up time that may be inferred. */
export const maxInferredMs = 120_000;

/** The observation that the next gap starts from. */
export interface Anchor {
  observation: Observation;
  /**
   * From when the observed state holds; later than the observation when the service recovered while the question was
   * under way. Until then `before` holds.
   */
  settledMs: number;
  before: JudgedState;
}

/** The time between two observations of a service that follow each other, and what was heard of it. */
export interface Gap {
  /** Up to here everything is accounted for. */
  fromMs: number;
  a: Anchor;
  b: Observation;
  /** Events of the service, in order of time. */
  events: readonly ServiceEvent[];
  /** Whether the event stream is known to have covered the whole gap. */
  eventsComplete: boolean;
  /** The worker was not running in the gap; only a complete replay can prove anything about it. */
  resumed: boolean;
}

export const containerOf = (finding: Finding): ContainerFacts | null =>
  finding.kind === 'container' ? finding.container : null;

export const isUp = (observation: Observation): boolean => judgeObservation(observation).state === 'up';

/** One run of one container, from the first observation to the second. */
export const sameRun = (a: ContainerFacts | null, b: ContainerFacts | null): boolean =>
  a !== null && b !== null && a.id === b.id && a.startedAt === b.startedAt;

/** An unanswered question says nothing of the time until it was given up; an answer holds from when it was asked. */
export const observedAtMs = ({ finding, askedAt, answeredAt }: Observation): number =>
  finding.kind === 'unanswered' ? answeredAt.wallMs : askedAt.wallMs;

/** When nothing before is known: a container that began to run while the question was under way is up from the answer. */
export function anchorAt(b: Observation, before: JudgedState): Anchor {
  const { askedAt, answeredAt } = b;
  const startedAtMs = containerOf(b.finding)?.startedAtMs ?? null;
  const ranWhenAsked = startedAtMs !== null && startedAtMs <= askedAt.wallMs;
  const settled = !isUp(b) || ranWhenAsked ? askedAt : answeredAt;
  return { observation: b, settledMs: settled.wallMs, before };
}
