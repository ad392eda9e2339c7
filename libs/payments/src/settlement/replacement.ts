import type { Attempt, Settlement } from './settlement-rows.js';

/** The payload of a tx that pays nobody: it only uses the nonce. */
export const cancelPayload = (fromAddress: string): { to: string; data: string } => ({
  to: fromAddress,
  data: '0x',
});

export const nextKind = ({ cancelRequested }: Pick<Settlement, 'cancelRequested'>): 'pay' | 'cancel' =>
  cancelRequested ? 'cancel' : 'pay';

const feeIsTooLow = new Set(['fee-too-low', 'replacement-underpriced']);
/** Twenty bumps of an eighth are a tenfold fee; what is not mined then is not a matter of the fee. */
const mostAttempts = 40;

/** Why another version of a settlement is to be signed; null when it is not. */
export function whyReplaced(
  settlement: Pick<Settlement, 'cancelRequested'>,
  newest: Pick<Attempt, 'seq' | 'kind' | 'sendState' | 'lastErrorClass' | 'msSinceFirstSent'>,
  bumpAfterMs: number,
): 'cancel' | 'refused' | 'fee-too-low' | 'not-mined' | null {
  if (newest.seq + 1 >= mostAttempts) return null;
  if (settlement.cancelRequested && newest.kind === 'pay') return 'cancel';
  if (newest.msSinceFirstSent === null) return null;
  if (newest.sendState === 'rejected') return 'refused';
  if (newest.lastErrorClass !== null && feeIsTooLow.has(newest.lastErrorClass)) return 'fee-too-low';
  return newest.msSinceFirstSent >= bumpAfterMs ? 'not-mined' : null;
}

/** A tx to ourselves costs the same always, on a rollup with its share of the main chain's fee inside. */
const cancelGas = { least: 21_000n, numerator: 13n, denominator: 10n };

/** A node that refused for good mostly did so because of the gas. */
export function replacementGasLimit(
  kind: 'pay' | 'cancel',
  newest: Pick<Attempt, 'kind' | 'sendState' | 'gasLimit'>,
  estimatedCancelGas: bigint,
): bigint {
  if (kind === 'cancel') {
    const estimate = estimatedCancelGas > cancelGas.least ? estimatedCancelGas : cancelGas.least;
    return (estimate * cancelGas.numerator) / cancelGas.denominator;
  }
  return newest.sendState === 'rejected' ? (newest.gasLimit * 3n) / 2n : newest.gasLimit;
}
