import type { EthNode } from '../chain/eth-node.js';
import { type Fees, quoteFees, takesTips } from '../chain/fee-policy.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { formatUsd } from '../money/micro-usd.js';
import { affordable } from './afford.js';
import type { PayablePayout } from './payable-payouts.js';
import { transferState } from './preflight-erc20.js';
import { authorizationState } from './preflight-usdc.js';

/** What the chain says before anything is signed. A reason in `wait` means: nothing now. */
export interface Preflight {
  wait: string | null;
  /** In the given order, as many as the treasury can pay. */
  payable: PayablePayout[];
  /** Never tried as they are: a person decides. */
  refused: { payout: PayablePayout; reason: string }[];
  /** The token has seen these authorizations; what became of them is read from its events. */
  alreadyUsed: PayablePayout[];
  fees: Fees;
  gasLimit: bigint;
  blockTimeSeconds: bigint;
  latestNonce: bigint;
}

/** What the token says about the treasury and the payouts. */
export interface TokenState {
  paused: boolean;
  treasuryBlacklisted: boolean;
  balanceMicroUsd: bigint;
  refused: Preflight['refused'];
  alreadyUsed: PayablePayout[];
  /** What is neither refused nor used. */
  sound: PayablePayout[];
  /** For these payouts in one tx. No signature is shown: the node that is asked belongs to a stranger. */
  gasLimitFor(payouts: readonly PayablePayout[], blockTimeSeconds: bigint): Promise<bigint>;
}

export async function quote(
  node: EthNode,
  chainId: bigint,
): Promise<{ fees: Fees; blockTimeSeconds: bigint }> {
  const { baseFeePerGas = 0n, timestamp } = await node.head();
  const tip = takesTips(chainId) ? await node.priorityFeeWei() : 0n;
  return { fees: quoteFees(chainId, baseFeePerGas, tip), blockTimeSeconds: timestamp };
}

export const feeCapWei = (chain: TreasuryChain): bigint =>
  BigInt(chain.options.maxFeeGwei ?? 500) * 1_000_000_000n;

/** @param inFlight what is signed and in no block yet takes from the balances that the node tells */
export async function preflight(
  node: EthNode,
  chain: TreasuryChain,
  payouts: readonly PayablePayout[],
  inFlight: { microUsd: bigint; wei: bigint },
): Promise<Preflight> {
  const ask = chain.method === 'usdc' ? authorizationState : transferState;
  const state = await ask(node, chain, payouts);
  const { fees, blockTimeSeconds } = await quote(node, chain.chainId);
  const payable = affordable(state.sound, state.balanceMicroUsd - inFlight.microUsd);
  const gasLimit = payable.length === 0 ? 0n : await state.gasLimitFor(payable, blockTimeSeconds);
  const gasBalanceWei = (await node.balanceWei(chain.gasPayer.address)) - inFlight.wei;
  const latestNonce = await node.nonce(chain.gasPayer.address, 'latest');
  const { refused, alreadyUsed } = state;
  const wait =
    tokenObjection(state) ??
    moneyObjection(state, payable, inFlight.microUsd) ??
    gasObjection(fees, feeCapWei(chain), gasLimit, gasBalanceWei);
  return { wait, payable, refused, alreadyUsed, fees, gasLimit, blockTimeSeconds, latestNonce };
}

const tokenObjection = ({ paused, treasuryBlacklisted }: TokenState): string | null =>
  paused ? 'the token is paused' : treasuryBlacklisted ? 'the token has blacklisted the treasury' : null;

function moneyObjection(
  { sound, balanceMicroUsd }: TokenState,
  payable: readonly PayablePayout[],
  inFlightMicroUsd: bigint,
): string | null {
  const [next] = sound;
  if (!next || payable.length > 0) return null;
  const inFlight = inFlightMicroUsd === 0n ? '' : `, $${formatUsd(inFlightMicroUsd)} of it on its way,`;
  return `the treasury holds $${formatUsd(balanceMicroUsd)}${inFlight} and the next payout is $${formatUsd(next.amountMicroUsd)}`;
}

function gasObjection(fees: Fees, capWei: bigint, gasLimit: bigint, balanceWei: bigint): string | null {
  if (fees.maxFeeWei > capWei) return `gas costs ${fees.maxFeeWei} wei, above the maximum of ${capWei}`;
  const mostWei = gasLimit * fees.maxFeeWei;
  if (mostWei <= balanceWei) return null;
  return `the gas payer holds ${balanceWei} wei, but the next tx may cost ${mostWei}`;
}
