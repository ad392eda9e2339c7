import {
  type Anchor,
  anchorAt,
  containerOf,
  type Gap,
  isUp,
  maxClockDriftMs,
  maxGapMs,
  maxInferredMs,
  observedAtMs,
  sameRun,
} from './gap.js';
import { judgeObservation } from './judge-finding.js';
import { failedAtMs, nameOutage, recoveredAtMs } from './outage.js';
import type { ContainerFacts } from './observation.js';
import { runKeyOf } from './probe-result.js';
import { type JudgedState, type Segment, unknownBecause } from './service-state.js';

const up: JudgedState = { state: 'up', reason: null };

/** How far the two clocks advanced between the questions. */
function advances({ a, b }: Gap): { wallMs: number; monotonicMs: number; driftMs: number } {
  const from = a.observation.askedAt;
  const wallMs = b.askedAt.wallMs - from.wallMs;
  const monotonicMs = b.askedAt.monotonicMs - from.monotonicMs;
  return { wallMs, monotonicMs, driftMs: Math.abs(wallMs - monotonicMs) };
}

/** Why nobody can say what the service was in the gap; null when somebody can. */
function unknownReason(gap: Gap): string | null {
  const stateA = judgeObservation(gap.a.observation);
  const stateB = judgeObservation(gap.b);
  if (stateB.state === 'unknown') return stateB.reason;
  if (stateA.state === 'unknown') return stateA.reason;
  const { wallMs, monotonicMs, driftMs } = advances(gap);
  if (driftMs > maxClockDriftMs) return unknownBecause.clockStepped;
  return Math.max(wallMs, monotonicMs) > maxGapMs ? unknownBecause.notWatched : null;
}

/** Whether nothing can have happened to the container while no worker was there to see it. */
function provesInference(gap: Gap): boolean {
  const { a, b, events, eventsComplete, fromMs } = gap;
  return (
    eventsComplete &&
    events.length === 0 &&
    b.askedAt.wallMs - fromMs <= maxInferredMs &&
    advances(gap).driftMs <= maxClockDriftMs &&
    isUp(a.observation) &&
    isUp(b) &&
    sameRun(containerOf(a.observation.finding), containerOf(b.finding))
  );
}

/** Adds segments end to end; one without length is dropped. */
class Timeline {
  readonly segments: Segment[] = [];
  constructor(private atMs: number) {}

  until(toMs: number, { state, reason }: JudgedState, container: ContainerFacts | null, inferred = false) {
    if (toMs <= this.atMs) return;
    const containerId = container?.id ?? null;
    const run = state === 'up' && container && { run: runKeyOf(container) };
    this.segments.push({ fromMs: this.atMs, toMs, state, reason, inferred, containerId, ...run });
    this.atMs = toMs;
  }
}

/** The gap that a worker's absence left. */
function afterAbsence(gap: Gap, timeline: Timeline): Anchor {
  const { b } = gap;
  const unknown: JudgedState = { state: 'unknown', reason: unknownBecause.workerNotRunning };
  if (provesInference(gap)) timeline.until(observedAtMs(b), up, containerOf(b.finding), true);
  else timeline.until(observedAtMs(b), unknown, null);
  return anchorAt(b, unknown);
}

/** A gap with an observation that can be trusted at both ends. */
function watched(gap: Gap, timeline: Timeline): Anchor {
  const { a, b, fromMs } = gap;
  const toMs = observedAtMs(b);
  const containerA = containerOf(a.observation.finding);
  const wasUp = isUp(a.observation);
  timeline.until(Math.min(a.settledMs, toMs), a.before, containerA);
  const startMs = Math.max(a.settledMs, fromMs);
  const failureMs = wasUp ? failedAtMs(gap) : -Infinity;
  if (failureMs === Infinity) {
    timeline.until(toMs, up, containerA);
    return { observation: b, settledMs: Math.max(a.settledMs, toMs), before: a.before };
  }
  const upUntilMs = Math.max(startMs, Math.min(failureMs, toMs));
  if (wasUp) timeline.until(Math.min(upUntilMs, toMs), up, containerA);

  const recoveryMs = isUp(b) ? Math.max(recoveredAtMs(gap), upUntilMs) : Infinity;
  const outage = nameOutage(gap);
  timeline.until(Math.min(outage.startedMs, recoveryMs, toMs), outage.first, containerA);
  timeline.until(Math.min(recoveryMs, toMs), outage.then, containerOf(b.finding));
  if (!isUp(b)) return { observation: b, settledMs: toMs, before: judgeObservation(b) };
  timeline.until(toMs, up, containerOf(b.finding));
  const before = outage.startedMs < Infinity ? outage.then : outage.first;
  return { observation: b, settledMs: Math.max(recoveryMs, toMs), before };
}

/**
 * What the service was in `[fromMs, observedAtMs(b))`, given what was seen at both ends and the events between.
 * Engine times are clamped into the gap. Evidence that is missing can only take up time away; the one exception is
 * written in docs/monitoring.md.
 */
export function segmentsBetween(gap: Gap): { segments: Segment[]; next: Anchor } {
  const timeline = new Timeline(gap.fromMs);
  const reason = gap.resumed ? null : unknownReason(gap);
  let next: Anchor;
  if (gap.resumed) next = afterAbsence(gap, timeline);
  else if (reason === null) next = watched(gap, timeline);
  else {
    const unknown: JudgedState = { state: 'unknown', reason };
    timeline.until(observedAtMs(gap.b), unknown, null);
    next = anchorAt(gap.b, unknown);
  }
  return { segments: timeline.segments, next };
}
