import { z } from 'zod';

import { unsignedAuthorization } from '../chain/authorization.js';
import type { EthNode } from '../chain/eth-node.js';
import { gasLimitFor } from '../chain/fee-policy.js';
import {
  type ContractCall,
  decodeAggregate,
  encodeAggregate,
  multicall3Address,
} from '../chain/multicall3.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { decodeTokenAnswer, encodeTokenCall } from '../chain/usdc.js';
import { objectionTo } from '../payouts/payment-channel.js';
import type { PayablePayout } from './payable-payouts.js';
import type { TokenState } from './preflight.js';

/** One question for all payouts at once. */
export async function authorizationState(
  node: EthNode,
  chain: TreasuryChain,
  payouts: readonly PayablePayout[],
): Promise<TokenState> {
  const treasury = chain.treasury.address;
  const questions: ContractCall[] = [
    encodeTokenCall('paused'),
    encodeTokenCall('balanceOf', [treasury]),
    encodeTokenCall('isBlacklisted', [treasury]),
    ...payouts.map(({ payoutAddress }) => encodeTokenCall('isBlacklisted', [payoutAddress])),
    ...payouts.map(({ authorizationNonce }) =>
      encodeTokenCall('authorizationState', [treasury, authorizationNonce]),
    ),
  ].map((data) => ({ target: chain.tokenAddress, data }));
  const answers = decodeAggregate(
    await node.call({ to: multicall3Address, data: encodeAggregate(questions) }),
  );
  const [paused, balance, treasuryBlacklisted, ...ofPayouts] = answers;
  /** Not every token has a pause and a blacklist; without them nobody is on it. */
  const flag = (name: 'paused' | 'isBlacklisted', answer: (typeof answers)[number] | undefined): boolean =>
    answer?.success === true && decodeTokenAnswer(name, answer.data, z.boolean());
  const used = ofPayouts.slice(payouts.length).map(({ success, data }) => {
    if (!success) throw new Error(`the token ${chain.tokenAddress} does not answer authorizationState()`);
    return decodeTokenAnswer('authorizationState', data, z.boolean());
  });
  const objections = payouts.map(({ payoutAddress }, index) =>
    flag('isBlacklisted', ofPayouts[index])
      ? `the token has blacklisted ${payoutAddress}`
      : objectionTo(chain, payoutAddress),
  );
  return {
    paused: flag('paused', paused),
    balanceMicroUsd: decodeTokenAnswer('balanceOf', balance?.data ?? '0x', z.bigint()),
    treasuryBlacklisted: flag('isBlacklisted', treasuryBlacklisted),
    alreadyUsed: payouts.filter((_, index) => used[index]),
    refused: payouts.flatMap((payout, index) => {
      const reason = objections[index] ?? null;
      return reason === null || used[index] === true ? [] : [{ payout, reason }];
    }),
    sound: payouts.filter((_, index) => used[index] === false && objections[index] === null),
    gasLimitFor: (chosen, blockTimeSeconds) => batchGasLimit(node, chain, chosen, blockTimeSeconds),
  };
}

/** Estimated without valid signatures: a call whose items may fail is estimated at the gas at which they do fail. */
async function batchGasLimit(
  node: EthNode,
  chain: TreasuryChain,
  payouts: readonly PayablePayout[],
  blockTimeSeconds: bigint,
): Promise<bigint> {
  const idle = payouts.map(({ payoutAddress, amountMicroUsd, authorizationNonce }) => ({
    target: chain.tokenAddress,
    data: unsignedAuthorization({
      ...{ from: chain.treasury.address, to: payoutAddress, value: amountMicroUsd },
      ...{ validBefore: blockTimeSeconds, nonce: authorizationNonce ?? `0x${'0'.repeat(64)}` },
    }),
  }));
  const estimate = await node.estimateGas({
    ...{ from: chain.gasPayer.address, to: multicall3Address },
    data: encodeAggregate(idle),
  });
  return gasLimitFor(estimate, payouts.length);
}
