/** As many as the money reaches for, in order: a large one is not overtaken for ever by small ones. */
export function affordable<P extends { amountMicroUsd: bigint }>(
  payouts: readonly P[],
  availableMicroUsd: bigint,
): P[] {
  let left = availableMicroUsd;
  const chosen: P[] = [];
  for (const payout of payouts) {
    if (payout.amountMicroUsd > left) break;
    left -= payout.amountMicroUsd;
    chosen.push(payout);
  }
  return chosen;
}

/**
 * What may be signed for the first time today. One that was signed before is counted already: signing it again pays nothing
 * more. One that does not fit lets smaller ones pass.
 */
export function withinDailyMaximum<P extends { amountMicroUsd: bigint; wasSigned: boolean }>(
  payouts: readonly P[],
  { maxMicroUsd, usedMicroUsd }: { maxMicroUsd: bigint; usedMicroUsd: bigint },
): P[] {
  let left = maxMicroUsd - usedMicroUsd;
  return payouts.filter(({ wasSigned, amountMicroUsd }) => {
    if (wasSigned) return true;
    if (amountMicroUsd > left) return false;
    left -= amountMicroUsd;
    return true;
  });
}
