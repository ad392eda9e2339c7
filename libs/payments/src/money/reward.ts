const MS_PER_MINUTE = 60_000n;
const MS_PER_HOUR = 3_600_000n;

/**
 * What one paid period is worth in micro-dollars: the cumulative floor from the start of its hour,
 * so that the periods of an hour add up to exactly sixty minutes of the rate, whatever the period's length.
 * `fromMs` and `toMs` are epoch milliseconds; a period lies within one UTC hour.
 */
export function rewardMicroUsd(rateMicroUsdPerMinute: bigint, fromMs: bigint, toMs: bigint): bigint {
  const hourStartMs = fromMs - (fromMs % MS_PER_HOUR);
  if (fromMs < 0n || toMs <= fromMs || toMs > hourStartMs + MS_PER_HOUR) {
    throw new RangeError(`[${fromMs}, ${toMs}) is not a period within one hour`);
  }
  if (rateMicroUsdPerMinute < 0n) throw new RangeError('a rate is not negative');
  const earnedUntil = (ms: bigint): bigint => (rateMicroUsdPerMinute * (ms - hourStartMs)) / MS_PER_MINUTE;
  return earnedUntil(toMs) - earnedUntil(fromMs);
}
