import { judgeFinding } from './judge-finding.js';
import type { ContainerFacts, Finding, Observation } from './observation.js';
import type { ServiceEvent } from './service-event.js';
import { type JudgedState, type Segment, unknownBecause } from './service-state.js';

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

const up: JudgedState = { state: 'up', reason: null };

const containerOf = (finding: Finding): ContainerFacts | null =>
  finding.kind === 'container' ? finding.container : null;

const idOf = (finding: Finding) => containerOf(finding)?.id ?? null;

/** One run of one container, from the first observation to the second. */
const sameRun = (a: ContainerFacts | null, b: ContainerFacts | null) =>
  a !== null && b !== null && a.id === b.id && a.startedAt === b.startedAt;

/** An unanswered question says nothing of the time until it was given up; an answer holds from when it was asked. */
export const observedAtMs = ({ finding, askedAt, answeredAt }: Observation): number =>
  finding.kind === 'unanswered' ? answeredAt.wallMs : askedAt.wallMs;

/** When nothing before is known: a container that began to run while the question was under way is up from the answer. */
export function anchorAt(b: Observation, before: JudgedState): Anchor {
  const { askedAt, answeredAt } = b;
  const startedAtMs = containerOf(b.finding)?.startedAtMs ?? null;
  const ranWhenAsked = startedAtMs !== null && startedAtMs <= askedAt.wallMs;
  const settled = judgeFinding(b.finding).state !== 'up' || ranWhenAsked ? askedAt : answeredAt;
  return { observation: b, settledMs: settled.wallMs, before };
}

function unwatchedReason({ a, b, resumed }: Gap): string | null {
  const from = a.observation.askedAt;
  const to = b.askedAt;
  if (resumed) return null;
  if (b.finding.kind === 'unanswered') return b.finding.reason;
  if (a.observation.finding.kind === 'unanswered') return a.observation.finding.reason;
  const wallMs = to.wallMs - from.wallMs;
  const monotonicMs = to.monotonicMs - from.monotonicMs;
  if (Math.abs(wallMs - monotonicMs) > maxClockDriftMs) return unknownBecause.clockStepped;
  return Math.max(wallMs, monotonicMs) > maxGapMs ? unknownBecause.notWatched : null;
}

/** Whether nothing can have happened to the container while no worker was there to see it. */
function provesInference({ a, b, events, eventsComplete, fromMs }: Gap): boolean {
  const wallMs = b.askedAt.wallMs - a.observation.askedAt.wallMs;
  const monotonicMs = b.askedAt.monotonicMs - a.observation.askedAt.monotonicMs;
  return (
    eventsComplete &&
    events.length === 0 &&
    b.askedAt.wallMs - fromMs <= maxInferredMs &&
    Math.abs(wallMs - monotonicMs) <= maxClockDriftMs &&
    judgeFinding(a.observation.finding).state === 'up' &&
    judgeFinding(b.finding).state === 'up' &&
    sameRun(containerOf(a.observation.finding), containerOf(b.finding))
  );
}

/**
 * The earliest evidence that a service which was up at `a` failed; `Infinity` when there is none and none is needed,
 * `-Infinity` when it failed at a time that nobody knows. The earliest counts: `die` is logged up to half a minute
 * after the process ended, and only `FinishedAt` tells when that was.
 */
function failedAtMs({ a, b, events, eventsComplete }: Gap): number {
  const before = containerOf(a.observation.finding);
  const after = containerOf(b.finding);
  const same = sameRun(before, after);
  const first = events[0];
  // A recovery without the failure it recovered from: that event was lost.
  if (first && first.effect !== 'fails') return -Infinity;
  const candidates: number[] = [];
  if (first && (same || eventsComplete)) candidates.push(first.atMs);
  if (after && after.id === before?.id && after.finishedAtMs !== null) {
    // While a container runs on, FinishedAt belongs to the run before this one.
    const runsOn = same && (after.status === 'running' || after.status === 'paused');
    // Exit code 255 is also what a daemon writes that finds a container dead after a crash, with its own start as the
    // time. After a new start, FinishedAt is only the last of perhaps several ends.
    const trusted = candidates.length > 0 || (same && after.exitCode !== 255);
    if (!runsOn && trusted) candidates.push(after.finishedAtMs);
  }
  if (candidates.length > 0) return Math.min(...candidates);
  return same && judgeFinding(b.finding).state === 'up' ? Infinity : -Infinity;
}

/** From when a service that is up at `b` was up again: the last event if it says so, else only from the answer. */
function recoveredAtMs({ b, events }: Gap): number {
  const container = containerOf(b.finding);
  const last = events.at(-1);
  const expected = container?.health === null ? 'begins' : 'heals';
  if (!container || last?.effect !== expected || last.containerId !== container.id)
    return b.answeredAt.wallMs;
  // An event from before the present run: the one that belongs to this run was lost.
  if (container.startedAtMs !== null && last.atMs < container.startedAtMs) return b.answeredAt.wallMs;
  return last.atMs;
}

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

const asJudged = ({ state, reason }: JudgedState): JudgedState => ({ state, reason });

/** Adds segments end to end; one without length is dropped. */
class Timeline {
  readonly segments: Segment[] = [];
  constructor(private atMs: number) {}

  until(toMs: number, judged: JudgedState, containerId: string | null, inferred = false) {
    if (toMs <= this.atMs) return;
    this.segments.push({ fromMs: this.atMs, toMs, ...asJudged(judged), inferred, containerId });
    this.atMs = toMs;
  }
}

/** The not-up time between the failure and the recovery (or `b`, when the service has not recovered). */
function labelOutage(gap: Gap, timeline: Timeline, toMs: number, wasUp: boolean): JudgedState {
  const { a, b, events } = gap;
  const stateA = judgeFinding(a.observation.finding);
  const stateB = judgeFinding(b.finding);
  const begun = events.findLast(({ effect }) => effect === 'begins');
  const failure: JudgedState = {
    state: 'down',
    reason:
      (events[0]?.effect === 'fails' ? events[0].reason : null) ??
      (stateB.state === 'down' ? stateB.reason : 'exited'),
  };
  const first = wasUp ? failure : asJudged(stateA);
  const health = containerOf(b.finding)?.health ?? null;
  const startsWithin = begun !== undefined && health !== null && stateB.state !== 'down';
  if (startsWithin) {
    timeline.until(Math.min(begun.atMs, toMs), first, idOf(a.observation.finding));
    const starting: JudgedState = { state: 'starting', reason: 'health check pending' };
    timeline.until(toMs, starting, idOf(b.finding));
    return starting;
  }
  timeline.until(toMs, first, idOf(a.observation.finding));
  return first;
}

/**
 * What the service was in `[fromMs, observedAtMs(b))`, given what was seen at both ends and the events between.
 * Engine times are clamped into the gap. Evidence that is missing can only take up time away.
 */
export function segmentsBetween(gap: Gap): { segments: Segment[]; next: Anchor } {
  const { a, b, fromMs, resumed } = gap;
  const toMs = observedAtMs(b);
  const timeline = new Timeline(fromMs);
  const unwatched = unwatchedReason(gap);
  if (resumed || unwatched !== null) {
    const inferred = resumed && provesInference(gap);
    const unknown: JudgedState = {
      state: 'unknown',
      reason: unwatched ?? unknownBecause.workerNotRunning,
    };
    if (inferred) timeline.until(toMs, up, idOf(b.finding), true);
    else timeline.until(toMs, unknown, null);
    return { segments: timeline.segments, next: anchorAt(b, unknown) };
  }

  const wasUp = judgeFinding(a.observation.finding).state === 'up';
  const isUp = judgeFinding(b.finding).state === 'up';
  timeline.until(Math.min(a.settledMs, toMs), a.before, idOf(a.observation.finding));
  const startMs = Math.max(a.settledMs, fromMs);
  const failureMs = wasUp ? failedAtMs(gap) : -Infinity;
  const upUntilMs = clamp(failureMs, startMs, Math.max(toMs, startMs));
  if (wasUp) timeline.until(Math.min(upUntilMs, toMs), up, idOf(a.observation.finding));
  if (failureMs === Infinity) {
    return {
      segments: timeline.segments,
      next: { observation: b, settledMs: Math.max(a.settledMs, toMs), before: a.before },
    };
  }
  if (!isUp) {
    labelOutage(gap, timeline, toMs, wasUp);
    return {
      segments: timeline.segments,
      next: { observation: b, settledMs: toMs, before: judgeFinding(b.finding) },
    };
  }
  const recoveryMs = Math.max(recoveredAtMs(gap), upUntilMs);
  const before = labelOutage(gap, timeline, Math.min(recoveryMs, toMs), wasUp);
  timeline.until(toMs, up, idOf(b.finding));
  return {
    segments: timeline.segments,
    next: { observation: b, settledMs: Math.max(recoveryMs, toMs), before },
  };
}
