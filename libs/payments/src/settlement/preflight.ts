import { z } from 'zod';

import { unsignedAuthorization } from '../chain/authorization.js';
import type { EthNode } from '../chain/eth-node.js';
import { type Fees, gasLimitFor, quoteFees, takesTips } from '../chain/fee-policy.js';
import {
  type ContractCall,
  decodeAggregate,
  encodeAggregate,
  multicall3Address,
} from '../chain/multicall3.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { decodeTokenAnswer, encodeTokenCall } from '../chain/usdc.js';
import type { PayablePayout } from './payable-payouts.js';

/** What the chain says before anything is signed. A reason in `wait` means: nothing now. */
export interface Preflight {
  wait: string | null;
  /** In the given order, as many as the treasury can pay. */
  payable: PayablePayout[];
  blacklisted: PayablePayout[];
  /** The token has seen these authorizations; what became of them is read from its events. */
  alreadyUsed: PayablePayout[];
  fees: Fees;
  gasLimit: bigint;
  blockTimeSeconds: bigint;
  latestNonce: bigint;
}

export async function quote(
  node: EthNode,
  chainId: bigint,
): Promise<{ fees: Fees; blockTimeSeconds: bigint }> {
  const { baseFeePerGas = 0n, timestamp } = await node.head();
  const tip = takesTips(chainId) ? await node.priorityFeeWei() : 0n;
  return { fees: quoteFees(chainId, baseFeePerGas, tip), blockTimeSeconds: timestamp };
}

/** One question for all payouts at once; no signature is in it, since the node that is asked belongs to a stranger. */
export async function preflight(
  node: EthNode,
  chain: TreasuryChain,
  payouts: readonly PayablePayout[],
): Promise<Preflight> {
  const treasury = chain.treasury.address;
  const state = await tokenState(node, chain, payouts);
  const blacklisted = payouts.filter((_, index) => state.blacklisted[index]);
  const alreadyUsed = payouts.filter((_, index) => state.used[index]);
  const sound = payouts.filter(
    (_, index) => state.blacklisted[index] === false && state.used[index] === false,
  );
  const payable = affordable(sound, state.balanceMicroUsd);

  const { fees, blockTimeSeconds } = await quote(node, chain.chainId);
  const idle = payable.map(({ payoutAddress, amountMicroUsd, authorizationNonce }) => ({
    target: chain.tokenAddress,
    data: unsignedAuthorization({
      ...{ from: treasury, to: payoutAddress, value: amountMicroUsd },
      ...{ validBefore: blockTimeSeconds, nonce: authorizationNonce },
    }),
  }));
  const estimate = await node.estimateGas({
    ...{ from: chain.gasPayer.address, to: multicall3Address },
    data: encodeAggregate(idle),
  });
  const gasLimit = gasLimitFor(estimate, payable.length);
  const gasBalanceWei = await node.balanceWei(chain.gasPayer.address);
  const latestNonce = await node.nonce(chain.gasPayer.address, 'latest');

  const capWei = feeCapWei(chain);
  const wait = state.paused
    ? 'the token is paused'
    : state.treasuryBlacklisted
      ? 'the token has blacklisted the treasury'
      : sound.length > 0 && payable.length === 0
        ? `the treasury holds ${state.balanceMicroUsd} micro-dollars, less than the next payout`
        : fees.maxFeeWei > capWei
          ? `gas costs ${fees.maxFeeWei} wei, above the maximum of ${capWei}`
          : gasLimit * fees.maxFeeWei > gasBalanceWei
            ? `the gas payer holds ${gasBalanceWei} wei, but the next tx may cost ${gasLimit * fees.maxFeeWei}`
            : null;
  return { wait, payable, blacklisted, alreadyUsed, fees, gasLimit, blockTimeSeconds, latestNonce };
}

export const feeCapWei = (chain: TreasuryChain): bigint =>
  BigInt(chain.options.maxFeeGwei ?? 500) * 1_000_000_000n;

function affordable(payouts: readonly PayablePayout[], balanceMicroUsd: bigint): PayablePayout[] {
  let left = balanceMicroUsd;
  const chosen: PayablePayout[] = [];
  for (const payout of payouts) {
    // In order, so that a large one is not overtaken for ever by small ones.
    if (payout.amountMicroUsd > left) break;
    left -= payout.amountMicroUsd;
    chosen.push(payout);
  }
  return chosen;
}

async function tokenState(node: EthNode, chain: TreasuryChain, payouts: readonly PayablePayout[]) {
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
  return {
    paused: flag('paused', paused),
    balanceMicroUsd: decodeTokenAnswer('balanceOf', balance?.data ?? '0x', z.bigint()),
    treasuryBlacklisted: flag('isBlacklisted', treasuryBlacklisted),
    blacklisted: ofPayouts.slice(0, payouts.length).map((answer) => flag('isBlacklisted', answer)),
    used,
  };
}
