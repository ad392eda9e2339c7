import { z } from 'zod';

import type { EthNode } from './eth-node.js';
import type { TreasuryChain } from './treasury-chain.js';
import { decodeTokenAnswer, encodeTokenCall } from './usdc.js';

/** What the treasury holds, in the token's smallest unit. In a block from before the token was there: nothing. */
export async function treasuryUnits(node: EthNode, chain: TreasuryChain, atBlock: bigint): Promise<bigint> {
  const data = encodeTokenCall('balanceOf', [chain.treasury.address]);
  const answer = await node.call({ to: chain.tokenAddress, data }, atBlock);
  return answer === '0x' ? 0n : decodeTokenAnswer('balanceOf', answer, z.bigint());
}
