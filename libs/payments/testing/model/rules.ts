import type { Truth } from './worker-truth.js';

/**
 * The rules of pay, written anew from design.md and interface.md and from nothing else: the code under test is compared
 * with them. Times are Unix milliseconds, money is micro-dollars.
 */
export interface ModelTerms {
  rateMicroUsd: bigint;
  thresholdBp: number;
  aggregation: 'mean' | 'min' | 'all';
  required: readonly string[];
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** A meter that is reset at each full hour: whole minutes at the full rate, the begun one in whole micro-dollars. */
function meterAt(rateMicroUsd: bigint, msIntoHour: number): bigint {
  const minutes = Math.floor(msIntoHour / MINUTE_MS);
  const begunMs = msIntoHour % MINUTE_MS;
  return rateMicroUsd * BigInt(minutes) + (rateMicroUsd * BigInt(begunMs)) / BigInt(MINUTE_MS);
}

/**
 * What a paid period is worth: what its own rate's meter moved while it lasted. After a change within the hour each
 * period still earns by its own rate, as if that had been the rate of the whole hour.
 */
export function worthOf(rateMicroUsd: bigint, fromMs: number, toMs: number): bigint {
  const begin = fromMs % HOUR_MS;
  return meterAt(rateMicroUsd, begin + (toMs - fromMs)) - meterAt(rateMicroUsd, begin);
}

export interface Share {
  upMs: number;
  windowMs: number;
  missing: number;
}

/** The share of the required services that counts. What nobody required counts for nothing; what is missing was not up. */
export function shareOf(truth: Truth, { required, aggregation }: ModelTerms, windowMs: number): Share {
  const ups = required.map((name) => truth.services.find((service) => service.name === name)?.upMs ?? 0);
  const missing = required.filter((name) => !truth.services.some((service) => service.name === name)).length;
  if (aggregation === 'mean') {
    return { upMs: ups.reduce((sum, up) => sum + up, 0), windowMs: windowMs * ups.length, missing };
  }
  if (aggregation === 'min') return { upMs: Math.min(...ups), windowMs, missing };
  if (missing > 0) return { upMs: 0, windowMs, missing };
  if (truth.services.length === ups.length) return { upMs: truth.allUpMs, windowMs, missing };
  // The report tells when all of its services were up, not when the required ones were: what it proves of them.
  const proven = ups.reduce((left, up) => left - (windowMs - up), windowMs);
  return { upMs: Math.max(0, truth.allUpMs, proven), windowMs, missing };
}

/** Strictly more than the threshold's share, in whole numbers. */
export const passes = ({ upMs, windowMs }: Share, thresholdBp: number): boolean =>
  BigInt(upMs) * 10_000n > BigInt(thresholdBp) * BigInt(windowMs);
