/** Micro-dollars have six decimals; a token that stands for dollars has its own number of them. */
const usdDecimals = 6;

/** Every token in use has between none and 18; more would overflow nothing, but is no dollar. */
export const mostDecimals = 24;

/** The smallest number of micro-dollars that the token can move: one, or more for a token with fewer decimals. */
export const smallestMicroUsd = (decimals: number): bigint =>
  decimals >= usdDecimals ? 1n : 10n ** BigInt(usdDecimals - decimals);

/** What the token can move of an amount; the rest stays where it is. */
export const floorToToken = (microUsd: bigint, decimals: number): bigint =>
  microUsd - (microUsd % smallestMicroUsd(decimals));

/** @throws Error for an amount that the token cannot move to the last micro-dollar */
export function toTokenUnits(microUsd: bigint, decimals: number): bigint {
  if (floorToToken(microUsd, decimals) !== microUsd)
    throw new Error(`${microUsd} micro-dollars cannot be moved by a token with ${decimals} decimals`);
  return decimals >= usdDecimals
    ? microUsd * 10n ** BigInt(decimals - usdDecimals)
    : microUsd / smallestMicroUsd(decimals);
}

/** Rounded down: a token with more decimals may hold less than a micro-dollar. */
export const toMicroUsd = (units: bigint, decimals: number): bigint =>
  decimals >= usdDecimals
    ? units / 10n ** BigInt(decimals - usdDecimals)
    : units * smallestMicroUsd(decimals);
