import { Problem } from '#platform';

export type By = 'minute' | 'hour' | 'day';

export interface HistoryRange {
  by: By;
  fromMs: number;
  /** Exclusive; the bucket that it ends with may still be under way. */
  toMs: number;
  bucketMs: number;
}

/** A page shows so many bars well; more than this is a question for the lists. */
export const MAX_BUCKETS = 1_000;

/** A minute of a period that is longer than a minute is not known: then a bucket is a period. */
export const bucketMsOf = (by: By, periodSeconds: number): number =>
  ({ minute: Math.max(60_000, periodSeconds * 1_000), hour: 3_600_000, day: 86_400_000 })[by];

interface Asked {
  by: By;
  from?: Date | undefined;
  to?: Date | undefined;
}

/** Whole buckets that cover what was asked for; by default the last so many. @throws Problem 422 */
export function historyRange(
  { by, from, to }: Asked,
  { nowMs, periodSeconds, buckets }: { nowMs: number; periodSeconds: number; buckets: number },
): HistoryRange {
  const bucketMs = bucketMsOf(by, periodSeconds);
  const toMs = Math.ceil((to?.getTime() ?? nowMs + 1) / bucketMs) * bucketMs;
  const fromMs =
    from === undefined ? toMs - buckets * bucketMs : Math.floor(from.getTime() / bucketMs) * bucketMs;
  if (fromMs >= toMs) throw refusal('from', 'must lie before `to`');
  if (toMs - fromMs > MAX_BUCKETS * bucketMs)
    throw refusal('from', `asks for more than ${MAX_BUCKETS} buckets: take a longer \`by\``);
  return { by, fromMs, toMs, bucketMs };
}

const refusal = (field: string, detail: string) =>
  new Problem({ status: 422, detail: `${field} ${detail}`, errors: [{ field, detail }] });

export const bucketStarts = ({ fromMs, toMs, bucketMs }: HistoryRange): number[] =>
  Array.from({ length: (toMs - fromMs) / bucketMs }, (_none, place) => fromMs + place * bucketMs);

/** Floored to two decimals, as everywhere: 94.996 is 94.99. */
export const percentageOf = (upMs: bigint, ofMs: bigint): number | null =>
  ofMs === 0n ? null : Number((upMs * 10_000n) / ofMs) / 100;
