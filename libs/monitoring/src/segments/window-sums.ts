import type { Segment, ServiceState } from './service-state.js';

export interface StateSums {
  upMs: number;
  inferredUpMs: number;
  downMs: number;
  startingMs: number;
  unknownMs: number;
}

export interface Span {
  fromMs: number;
  toMs: number;
}

const sumOf = {
  up: 'upMs',
  down: 'downMs',
  starting: 'startingMs',
  unknown: 'unknownMs',
} as const satisfies Record<ServiceState, keyof StateSums>;

const overlapMs = (segment: Span, window: Span) =>
  Math.max(0, Math.min(segment.toMs, window.toMs) - Math.max(segment.fromMs, window.fromMs));

/**
 * Milliseconds per state within the window, of segments that do not overlap. Time that no segment covers is unknown,
 * so that the four states always add up to the window.
 */
export function sumStates(segments: Iterable<Segment>, window: Span): StateSums {
  const sums: StateSums = { upMs: 0, inferredUpMs: 0, downMs: 0, startingMs: 0, unknownMs: 0 };
  let coveredMs = 0;
  for (const segment of segments) {
    const ms = overlapMs(segment, window);
    coveredMs += ms;
    sums[sumOf[segment.state]] += ms;
    if (segment.inferred) sums.inferredUpMs += ms;
  }
  sums.unknownMs += window.toMs - window.fromMs - coveredMs;
  return sums;
}

/** The spans of up time within the window, joined where they touch. */
function upSpans(segments: Iterable<Segment>, window: Span): Span[] {
  const spans: Span[] = [];
  for (const segment of segments) {
    if (segment.state !== 'up' || overlapMs(segment, window) === 0) continue;
    const fromMs = Math.max(segment.fromMs, window.fromMs);
    const toMs = Math.min(segment.toMs, window.toMs);
    const last = spans.at(-1);
    if (last?.toMs === fromMs) last.toMs = toMs;
    else spans.push({ fromMs, toMs });
  }
  return spans;
}

function intersect(left: readonly Span[], right: readonly Span[]): Span[] {
  const common: Span[] = [];
  let l = 0;
  let r = 0;
  for (;;) {
    const a = left[l];
    const b = right[r];
    if (!a || !b) return common;
    const fromMs = Math.max(a.fromMs, b.fromMs);
    const toMs = Math.min(a.toMs, b.toMs);
    if (fromMs < toMs) common.push({ fromMs, toMs });
    if (a.toMs < b.toMs) l++;
    else r++;
  }
}

/** Time within the window in which every service was up at once; no service, no time. Segments in order of time. */
export function sumAllUp(services: readonly (readonly Segment[])[], window: Span): number {
  if (services.length === 0) return 0;
  const common = services
    .map((segments) => upSpans(segments, window))
    .reduce((left, right) => intersect(left, right));
  return common.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}
