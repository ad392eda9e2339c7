import type { ContainerFacts, Instant, Observation } from './observation.js';
import { type Anchor, anchorAt, containerOf, isUp, observedAtMs, sameRun } from './gap.js';
import { segmentsBetween } from './segments-between.js';
import type { ProbeTrack } from './probe-track.js';
import { runKeyOf } from './probe-result.js';
import type { ServiceEvent } from './service-event.js';
import { type Segment, unknownBecause } from './service-state.js';

/** More events than this between two inspections are not kept: the gap then counts as one with lost events. */
const maxBufferedEvents = 1_024;

/** Where a service's time goes on after a restart: the last state that the journal is sure of. */
export interface ResumePoint {
  atMs: number;
  observation: Observation;
}

/** Turns what is seen of one service into segments that follow each other without gap or overlap. */
export class ServiceTrack {
  private anchor: Anchor;
  private events: ServiceEvent[] = [];
  private segments: Segment[] = [];
  private lostEvents = false;
  private resumed: boolean;
  private accountedUntilMs: number;

  /**
   * @param notBeforeMs what lies before is accounted for already, whatever the wall clock says
   * @param probe what a running container must pass to be up; null when that it runs is enough
   */
  constructor(
    start: Instant,
    notBeforeMs: number,
    resume?: ResumePoint,
    readonly probe: ProbeTrack | null = null,
  ) {
    this.resumed = resume !== undefined;
    this.accountedUntilMs = resume?.atMs ?? Math.max(start.wallMs, notBeforeMs);
    const nothing: Observation = {
      finding: { kind: 'unanswered', reason: unknownBecause.notYetObserved },
      askedAt: start,
      answeredAt: start,
    };
    const observation = resume?.observation ?? nothing;
    this.anchor = anchorAt(observation, { state: 'unknown', reason: unknownBecause.notYetObserved });
  }

  /** Every millisecond before this is in a segment. */
  get confirmedMs(): number {
    return Math.min(this.accountedUntilMs, this.probe?.openFromMs ?? Infinity);
  }

  /** The next observation is the first after the worker was away. */
  get isResumed(): boolean {
    return this.resumed;
  }

  get latest(): Observation {
    return this.anchor.observation;
  }

  addEvent(event: ServiceEvent): void {
    if (this.events.length >= maxBufferedEvents) {
      this.events.shift();
      this.lostEvents = true;
    }
    this.events.push(event);
  }

  /**
   * Accounts for the time up to the observation.
   * @param eventsComplete whether the event stream covered the time since then (Unix milliseconds)
   * @returns whether the service changed without any event telling of it
   */
  observe(observation: Observation, eventsComplete: (sinceMs: number) => boolean): { silentChange: boolean } {
    const answeredMs = observation.answeredAt.wallMs;
    const events = this.events
      .filter(({ atMs }) => atMs > this.anchor.settledMs && atMs <= answeredMs)
      .sort((left, right) => left.atMs - right.atMs);
    const { segments, next } = segmentsBetween({
      fromMs: this.accountedUntilMs,
      a: this.anchor,
      b: observation,
      events,
      eventsComplete: eventsComplete(this.anchor.observation.askedAt.wallMs) && !this.lostEvents,
      resumed: this.resumed,
    });
    const silentChange =
      events.length === 0 && !this.resumed && changed(this.anchor.observation, observation);
    this.segments.push(...segments);
    this.probe?.seen(observation);
    this.anchor = next;
    this.events = this.events.filter(({ atMs }) => atMs > next.settledMs);
    this.lostEvents = false;
    this.resumed = false;
    // The wall clock may have stepped back: what is accounted for stays so.
    this.accountedUntilMs = Math.max(this.accountedUntilMs, observedAtMs(observation));
    return { silentChange };
  }

  /** The segments before `untilMs` that are not yet forgotten; one that reaches beyond is cut there. */
  segmentsUntil(untilMs: number): Segment[] {
    return this.seenUntil(untilMs).flatMap((segment) => this.probe?.judge(segment) ?? [segment]);
  }

  /** As the Engine tells it, before the probe's word. */
  private seenUntil(untilMs: number): Segment[] {
    return this.segments
      .filter(({ fromMs }) => fromMs < untilMs)
      .map((segment) => ({ ...segment, toMs: Math.min(segment.toMs, untilMs) }));
  }

  segmentsFrom(fromMs: number): Segment[] {
    return this.segments
      .filter(({ toMs }) => toMs > fromMs)
      .map((segment) => ({ ...segment, fromMs: Math.max(segment.fromMs, fromMs) }));
  }

  /** What lies before has been recorded. */
  forgetUntil(untilMs: number): void {
    this.segments = this.segmentsFrom(untilMs);
    this.probe?.forgetUntil(untilMs);
  }

  /** Nothing of what was seen since `fromMs` could be kept: it becomes unknown. */
  giveUpFrom(fromMs: number, reason: string): void {
    const toMs = this.accountedUntilMs;
    const startMs = Math.max(fromMs, this.segments[0]?.fromMs ?? toMs);
    if (startMs >= toMs) return;
    const unknown: Segment = {
      fromMs: startMs,
      toMs,
      state: 'unknown',
      reason,
      inferred: false,
      containerId: null,
    };
    this.segments = [...this.seenUntil(startMs), unknown];
  }

  /**
   * The container that was up from `atMs` to the latest observation and is up still, and the last success of its probe;
   * null when that is not certain.
   */
  upSince(atMs: number): { container: ContainerFacts; probedAtMs?: number } | null {
    const { finding } = this.anchor.observation;
    if (finding.kind !== 'container' || !isUp(this.anchor.observation)) return null;
    const { container } = finding;
    const steady = this.segmentsFrom(atMs).every(
      ({ state, containerId }) => state === 'up' && containerId === container.id,
    );
    if (!steady || this.anchor.settledMs > this.accountedUntilMs) return null;
    if (!this.probe) return { container };
    const probedAtMs = this.probe.passedSince(runKeyOf(container), atMs);
    return probedAtMs === null ? null : { container, probedAtMs };
  }
}

/** Whether a service failed, recovered or was replaced, none of which happens without an event. */
function changed(a: Observation, b: Observation): boolean {
  if (a.finding.kind === 'unanswered' || b.finding.kind === 'unanswered') return false;
  if (!isUp(a) || !isUp(b)) return isUp(a) !== isUp(b);
  return !sameRun(containerOf(a.finding), containerOf(b.finding));
}
