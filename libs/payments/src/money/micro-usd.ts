import { z } from 'zod';

/** Micro-dollars in one dollar. Money is `bigint` micro-dollars in code and a decimal string on the wire. */
export const MICRO_PER_USD = 1_000_000n;

/** Largest amount that a PostgreSQL `bigint` holds. */
export const MAX_MICRO_USD = 2n ** 63n - 1n;

const decimal = /^(-?)(\d{1,13})(?:\.(\d{1,6}))?$/;

export class InvalidAmountError extends Error {
  override readonly name = 'InvalidAmountError';
  constructor(readonly text: string) {
    super(`"${text}" is not an amount in US dollars with at most six decimals`);
  }
}

/**
 * Reads a decimal string of US dollars, at most six decimals: `'10.5'` → `10_500_000n`.
 * Exponents, signs other than a leading minus, spaces and more decimals are refused, never rounded.
 * @throws InvalidAmountError
 */
export function parseUsd(text: string): bigint {
  const [, sign, whole, fraction = ''] = decimal.exec(text) ?? [];
  const microUsd =
    whole === undefined ? null : BigInt(whole) * MICRO_PER_USD + BigInt(fraction.padEnd(6, '0'));
  if (microUsd === null || microUsd > MAX_MICRO_USD) throw new InvalidAmountError(text);
  return sign === '-' ? -microUsd : microUsd;
}

/** Writes micro-dollars with exactly six decimals: `10_000_000n` → `'10.000000'`. */
export function formatUsd(microUsd: bigint): string {
  const sign = microUsd < 0n ? '-' : '';
  const size = microUsd < 0n ? -microUsd : microUsd;
  return `${sign}${size / MICRO_PER_USD}.${String(size % MICRO_PER_USD).padStart(6, '0')}`;
}

/** A decimal string of US dollars on the wire → `bigint` micro-dollars. */
export const usdSchema = z
  .string()
  .regex(decimal, {
    abort: true,
    error: 'must be a decimal string of US dollars with at most six decimals',
  })
  .refine((text) => {
    try {
      parseUsd(text);
      return true;
    } catch {
      return false;
    }
  }, 'is too large')
  .transform(parseUsd);
