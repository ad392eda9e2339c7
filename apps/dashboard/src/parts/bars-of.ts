import type { Fleet, History } from '../api/shapes.js';
import { bucketName, duration, percent, plural, type Span } from '../format.js';
import { reasonWords } from '../words.js';
import type { Bar } from './strip.js';

const toneOf = (uptime: number | null, unpaid: number): Bar['tone'] => {
  if (uptime === null) return 'none';
  if (unpaid === 0) return 'up';
  return uptime > 0 ? 'partly' : 'down';
};

/** Periods without any report have no up time and are no proof of being down either. */
const silent = new Set(['no_evidence', 'orchestrator_paused']);

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

export function fleetBars(row: Fleet['orchestrators'][number], starts: readonly string[], by: Span): Bar[] {
  const unpaid = new Map(row.unpaid.map((each) => [each.bucket, each]));
  return row.uptime_percentages.map((uptime, place) => {
    const missed = unpaid.get(place);
    const start = () => bucketName(starts[place] ?? '', by);
    if (uptime === null) return { tone: 'none', lines: () => [start(), 'Nothing was judged.'] };
    if (missed === undefined) return { tone: 'up', lines: () => [start(), `${percent(uptime)} up, paid`] };
    return {
      tone: uptime === 0 && silent.has(missed.reason) ? 'unknown' : toneOf(uptime, missed.periods),
      lines: () => [
        start(),
        `${percent(uptime)} up, ${plural(missed.periods, 'period')} unpaid`,
        `${capital(reasonWords(missed.reason))}.`,
      ],
    };
  });
}

export function historyBars({ buckets, by }: History): Bar[] {
  return buckets.map(({ start, uptime_percentage: uptime, periods, paid_periods: paid, reasons }) => {
    const name = () => bucketName(start, by);
    if (uptime === null) return { tone: 'none', lines: () => [name(), 'Nothing was judged.'] };
    const [first] = reasons;
    if (first === undefined)
      return { tone: 'up', lines: () => [name(), `${percent(uptime)} up, ${plural(paid, 'period')} paid`] };
    return {
      tone: uptime === 0 && silent.has(first.reason) ? 'unknown' : toneOf(uptime, periods - paid),
      lines: () => [
        name(),
        `${percent(uptime)} up, ${paid} of ${plural(periods, 'period')} paid`,
        ...reasons
          .slice(0, 3)
          .map((each) => `${each.periods > 1 ? `${each.periods} × ` : ''}${capital(each.text)}`),
      ],
    };
  });
}

type ServiceHistory = History['services'][number];

export function serviceBars(
  { buckets }: ServiceHistory,
  starts: readonly { start: string }[],
  by: Span,
): Bar[] {
  return buckets.map((bucket, place) => {
    const name = () => bucketName(starts[place]?.start ?? '', by);
    if (bucket === null) return { tone: 'none', lines: () => [name(), 'No report.'] };
    const { uptime_percentage: uptime } = bucket;
    const parts = [
      ['down', bucket.down_ms],
      ['starting', bucket.starting_ms],
      ['unknown', bucket.unknown_ms],
    ] as const;
    const missed = parts.filter(([, ms]) => ms > 0);
    if (missed.length === 0) return { tone: 'up', lines: () => [name(), 'Up all the time'] };
    const isSilent = uptime === 0 && bucket.unknown_ms > bucket.down_ms;
    return {
      tone: isSilent ? 'unknown' : uptime > 0 ? 'partly' : 'down',
      lines: () => [
        name(),
        `${percent(uptime)} up`,
        capital(missed.map(([state, ms]) => `${state} for ${duration(ms)}`).join(', ')),
      ],
    };
  });
}
