import type { Span } from '../segments/window-sums.js';
import { hourMs, hourOf } from './hour-archive.js';
import { minuteMs } from './minute-chain.js';

/** A part of a window and the rows that it is read from. */
export interface WindowPart {
  of: 'segments' | 'minutes' | 'hours';
  span: Span;
}

export interface Known {
  /** Start of the first minute; what lies before is unknown. */
  beginMs: number;
  /** End of the last sealed minute; null before the first. */
  minutesUntilMs: number | null;
  /** End of the last hour whose sums are there; null before the first. */
  hoursUntilMs: number | null;
}

const minuteFrom = (atMs: number) => Math.ceil(atMs / minuteMs) * minuteMs;
const hourFrom = (atMs: number) => Math.ceil(atMs / hourMs) * hourMs;

/**
 * Cuts a window into whole hours, the whole minutes around them, and the rest of a minute at each end, in order of time
 * and without empty parts. The hours are one part, however many.
 */
export function cutWindow(window: Span, { beginMs, minutesUntilMs, hoursUntilMs }: Known): WindowPart[] {
  const fromMs = Math.max(window.fromMs, beginMs);
  const { toMs } = window;
  const firstMs = minuteFrom(fromMs);
  const lastMs = Math.min(Math.floor(toMs / minuteMs) * minuteMs, minutesUntilMs ?? beginMs);
  const parts: WindowPart[] = [];
  const add = (of: WindowPart['of'], from: number, to: number) => {
    if (from < to) parts.push({ of, span: { fromMs: from, toMs: to } });
  };
  if (firstMs >= lastMs) {
    add('segments', fromMs, toMs);
    return parts;
  }
  add('segments', fromMs, firstMs);
  const hourMsFrom = hourFrom(firstMs);
  const hourMsTo = Math.min(hourOf(lastMs), hoursUntilMs ?? 0);
  if (hourMsFrom < hourMsTo) {
    add('minutes', firstMs, hourMsFrom);
    add('hours', hourMsFrom, hourMsTo);
    add('minutes', hourMsTo, lastMs);
  } else add('minutes', firstMs, lastMs);
  add('segments', lastMs, toMs);
  return parts;
}
