export interface Fees {
  maxFeeWei: bigint;
  priorityFeeWei: bigint;
}

/** Arbitrum's sequencer takes no tips: what is offered is not charged, but must be in the wallet. */
const chainsWithoutTips = new Set([42_161n, 421_614n]);
export const takesTips = (chainId: bigint): boolean => !chainsWithoutTips.has(chainId);

const twoGwei = 2_000_000_000n;

/**
 * Room for the base fee to double twice (it rises by at most an eighth in each block) before the offer is too low.
 * `suggestedTipWei` is the node's word, which is not trusted above two gwei.
 */
export function quoteFees(chainId: bigint, baseFeeWei: bigint, suggestedTipWei: bigint): Fees {
  const capped = suggestedTipWei > twoGwei ? twoGwei : suggestedTipWei;
  const priorityFeeWei = takesTips(chainId) ? capped : 0n;
  return { maxFeeWei: baseFeeWei * 4n + priorityFeeWei, priorityFeeWei };
}

/** One eighth more, rounded up: what the strictest nodes ask of a replacement, of both fields. */
const raised = (wei: bigint): bigint => (wei * 9n + 7n) / 8n;
const larger = (one: bigint, other: bigint): bigint => (one > other ? one : other);

/** The fees of the next attempt of the same settlement, or undefined above the cap. */
export function bumpFees(previous: Fees, fresh: Fees, capWei: bigint): Fees | undefined {
  const maxFeeWei = larger(raised(previous.maxFeeWei), fresh.maxFeeWei);
  const priorityFeeWei = larger(raised(previous.priorityFeeWei), fresh.priorityFeeWei);
  return maxFeeWei > capWei ? undefined : { maxFeeWei: larger(maxFeeWei, priorityFeeWei), priorityFeeWei };
}

/** Measured: 61 k of gas for a new holder on a plain token; a proxy and two blacklist reads come on top. */
const executionGasPerItem = 120_000n;
const executionGasPerBatch = 60_000n;

/**
 * A node's estimate of a batch whose items may fail cannot be used as it is: it is the least gas with which the
 * *outer* call succeeds, even when every item runs out of gas. So the estimate of a batch that does no work (its
 * signatures are worthless) stands for calldata and the chain's own share, and execution is added by measure.
 */
export const gasLimitFor = (estimateOfIdleBatch: bigint, items: number): bigint =>
  (estimateOfIdleBatch * 13n) / 10n + executionGasPerBatch + executionGasPerItem * BigInt(items);
