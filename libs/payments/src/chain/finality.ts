import type { Block } from './eth-schemas.js';
import type { EthNode } from './eth-node.js';

/** The chain's own word, or how many blocks must lie on top of a payment's block. */
export type Finality = 'finalized' | number;

/** The newest block that is final, or null while there is none. */
export async function finalBlock(node: EthNode, finality: Finality, head?: Block): Promise<Block | null> {
  if (finality === 'finalized') return node.block('finalized');
  const { number } = head ?? (await node.head());
  const final = number - BigInt(finality);
  return final < 0n ? null : node.block(final);
}
