import { z } from 'zod';

import type { EthNode } from '../chain/eth-node.js';
import { RpcRefusal } from '../chain/rpc-error.js';
import { toMicroUsd } from '../chain/token-units.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { decodeTokenAnswer, encodeTokenCall } from '../chain/usdc.js';
import { objectionTo } from '../payouts/payment-channel.js';
import type { PayablePayout } from './payable-payouts.js';
import { transferOf } from './payload.js';
import type { TokenState } from './preflight.js';

/** Room above the estimate: what a token does may cost more in the next block. */
const gasMargin = { numerator: 13n, denominator: 10n, besides: 20_000n };

const isRevert = (error: RpcRefusal): boolean => error.code === 3 || /revert/i.test(error.reason);

/** Not every token has a pause and a blacklist; one that has neither answers with nothing or refuses. */
async function flag(
  node: EthNode,
  chain: TreasuryChain,
  name: 'paused' | 'isBlacklisted',
  values: readonly string[] = [],
): Promise<boolean> {
  try {
    const answer = await node.call({ to: chain.tokenAddress, data: encodeTokenCall(name, values) });
    return answer.length === 66 && decodeTokenAnswer(name, answer, z.boolean());
  } catch (error) {
    if (error instanceof RpcRefusal && isRevert(error)) return false;
    throw error;
  }
}

/** Plain transfers: whoever the token refuses is found by trying it without sending it. */
export async function transferState(
  node: EthNode,
  chain: TreasuryChain,
  payouts: readonly PayablePayout[],
): Promise<TokenState> {
  const treasury = chain.treasury.address;
  const held = await node.call({ to: chain.tokenAddress, data: encodeTokenCall('balanceOf', [treasury]) });
  const balanceMicroUsd = toMicroUsd(decodeTokenAnswer('balanceOf', held, z.bigint()), chain.decimals);
  const state = {
    paused: await flag(node, chain, 'paused'),
    treasuryBlacklisted: await flag(node, chain, 'isBlacklisted', [treasury]),
    balanceMicroUsd,
  };
  const refused: TokenState['refused'] = [];
  const sound: PayablePayout[] = [];
  const estimates = new Map<string, bigint>();
  for (const payout of payouts) {
    const objection = objectionTo(chain, payout.payoutAddress);
    // Without the money, or while all is refused, a trial says nothing about the recipient.
    const canTry = !state.paused && !state.treasuryBlacklisted && payout.amountMicroUsd <= balanceMicroUsd;
    const tried = objection === null && canTry ? await tryTransfer(node, chain, payout) : 0n;
    if (tried === 'later') continue;
    if (objection !== null || typeof tried === 'string') {
      refused.push({ payout, reason: objection ?? `the token refuses the transfer: ${String(tried)}` });
    } else {
      sound.push(payout);
      estimates.set(payout.id, tried);
    }
  }
  return {
    ...state,
    ...{ refused, sound, alreadyUsed: [] },
    gasLimitFor: ([payout]) => {
      const estimate = estimates.get(payout?.id ?? '') ?? 0n;
      return Promise.resolve((estimate * gasMargin.numerator) / gasMargin.denominator + gasMargin.besides);
    },
  };
}

/** The gas that it would take, or why it is refused; `later` when another tx of ours came between two questions. */
async function tryTransfer(
  node: EthNode,
  chain: TreasuryChain,
  payout: PayablePayout,
): Promise<bigint | string> {
  try {
    return await node.estimateGas({ from: chain.treasury.address, ...transferOf(chain, payout) });
  } catch (error) {
    if (error instanceof RpcRefusal && isRevert(error))
      return /balance|insufficient/i.test(error.reason) ? 'later' : error.reason;
    throw error;
  }
}
