/** Settlements of one lane that are not final. */
export interface LaneWindow {
  /** Signed, and no node has said yet that it has them. */
  unsent: number;
  /** In no block yet. */
  unmined: number;
  open: number;
}

/** On their way to a block at once, in the order of their nonces. A node keeps sixteen of one sender. */
export const maxUnmined = 8;
/** Bounds what waits for finality, which may take twenty minutes. */
export const maxNotFinal = 128;

/** A nonce is used only when the network has all before it, so that none is ever missing between two. */
export const hasRoom = ({ unsent, unmined, open }: LaneWindow): boolean =>
  unsent === 0 && unmined < maxUnmined && open < maxNotFinal;

export type NonceVerdict =
  | { kind: 'ours'; nonce: bigint }
  /** The node has not seen txs of ours that are in blocks already. */
  | { kind: 'node-behind' }
  /** Blocks hold txs of the gas payer that these books did not send. */
  | { kind: 'foreign'; chainNonce: bigint; ourNonce: bigint };

/**
 * The nonce that the next settlement gets. The chain counts the gas payer's txs in blocks; ours that are in none may
 * make the books' count larger, nothing may make it smaller.
 */
export function nextNonce(chainNonce: bigint, ourNonce: bigint, unmined: number): NonceVerdict {
  if (chainNonce > ourNonce) return { kind: 'foreign', chainNonce, ourNonce };
  if (chainNonce < ourNonce - BigInt(unmined)) return { kind: 'node-behind' };
  return { kind: 'ours', nonce: ourNonce };
}

export const foreignNonceText = ({
  chainNonce,
  ourNonce,
}: {
  chainNonce: bigint;
  ourNonce: bigint;
}): string =>
  `the gas payer has sent txs that are not ours: its next nonce is ${chainNonce}, ours is ${ourNonce}`;
