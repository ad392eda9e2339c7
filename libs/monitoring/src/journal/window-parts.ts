import type { Span } from '../segments/window-sums.js';
import { hourMs, hourOf } from './hour-archive.js';
import { minuteMs } from './minute-chain.js';

/** A part of a window and the rows that it is read from. */
export interface WindowPart {
  of: 'segments' | 'minutes' | 'sums';
  span: Span;
}

export interface Known {
  /** Start of the first minute; what lies before is unknown. */
  beginMs: number;
  /** End of the last sealed minute; null before the first. */
  minutesUntilMs: number | null;
  /** Up to where there are sums (null: nowhere), and whether up to a certain minute; every full hour before it has them. */
  sums: { untilMs: number | null; has: (atMs: number) => boolean };
}

const minuteFrom = (atMs: number) => Math.ceil(atMs / minuteMs) * minuteMs;
const hourFrom = (atMs: number) => Math.ceil(atMs / hourMs) * hourMs;

/**
 * Cuts a window into what sums tell, the whole minutes around it, and the rest of a minute at each end, in order of time
 * and without empty parts. What sums tell is one part, however long.
 */
export function cutWindow(window: Span, { beginMs, minutesUntilMs, sums }: Known): WindowPart[] {
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
  // There is nothing before the first minute, so that its hour may be taken as a whole.
  const firstHourMs = firstMs === beginMs ? hourOf(firstMs) : hourFrom(firstMs);
  const sumsFromMs = sums.has(firstMs) ? firstMs : firstHourMs;
  const summedMs = Math.min(lastMs, sums.untilMs ?? 0);
  const sumsToMs = sums.has(summedMs) ? summedMs : hourOf(summedMs);
  if (sumsFromMs < sumsToMs) {
    add('minutes', firstMs, sumsFromMs);
    add('sums', sumsFromMs, sumsToMs);
    add('minutes', sumsToMs, lastMs);
  } else add('minutes', firstMs, lastMs);
  add('segments', lastMs, toMs);
  return parts;
}
