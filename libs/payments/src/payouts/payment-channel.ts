import { getAddress, isAddress, ZeroAddress } from 'ethers';

import { authorizationNonce } from '../chain/authorization.js';
import { multicall3Address } from '../chain/multicall3.js';
import { floorToToken } from '../chain/token-units.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import type { PayoutMethod } from './payout.js';

/** How new payouts are going to be paid, bound to each of them when it is made. */
export interface PaymentChannel {
  method: PayoutMethod;
  /** Payouts are counted for each orchestrator and asset. */
  asset: string;
  chainId: bigint | null;
  tokenAddress: string | null;
  treasuryAddress: string | null;
  /** Whoever has no payout address in force waits. */
  needsAddress: boolean;
  authorizationNonce(ledgerId: string, payoutId: string): string | null;
  /** Whose each of these is: nothing is ever paid to them. */
  neverPaid: ReadonlyMap<string, string>;
  /** Why nothing may be paid to this address, or null. */
  objectionTo(address: string | null): string | null;
  /** What can be paid of an amount; the rest stays payable. */
  payableOf(microUsd: bigint): bigint;
}

/** Paid outside: exported, and marked paid by a person. Needs no address. */
export const ledgerChannel: PaymentChannel = {
  method: 'ledger',
  asset: 'ledger',
  chainId: null,
  tokenAddress: null,
  treasuryAddress: null,
  needsAddress: false,
  authorizationNonce: () => null,
  neverPaid: new Map(),
  objectionTo: () => null,
  payableOf: (microUsd) => microUsd,
};

const neverPaidBy = (chain: TreasuryChain): ReadonlyMap<string, string> =>
  new Map([
    [ZeroAddress, 'the zero address'],
    [chain.tokenAddress, 'the token itself'],
    [multicall3Address, 'Multicall3'],
    [chain.gasPayer.address, 'our own gas payer'],
    [chain.treasury.address, 'our own treasury'],
  ]);

export const noAddress = 'no payout address is in force';
/** Why nothing is paid to this address, as far as the address alone tells. */
export function waitsFor(neverPaid: ReadonlyMap<string, string>, address: string | null): string | null {
  if (address === null) return noAddress;
  if (!isAddress(address)) return 'the payout address is not an address';
  const owner = neverPaid.get(getAddress(address));
  return owner === undefined ? null : `the payout address is ${owner}`;
}

export const objectionTo = (chain: TreasuryChain, address: string | null): string | null =>
  waitsFor(neverPaidBy(chain), address);

/** The chain must have passed its guards. */
export function chainChannel(chain: TreasuryChain): PaymentChannel {
  const { chainId, tokenAddress, method, decimals } = chain;
  const neverPaid = neverPaidBy(chain);
  return {
    method,
    asset: chain.asset,
    chainId,
    tokenAddress,
    treasuryAddress: chain.treasury.address,
    needsAddress: true,
    authorizationNonce: (ledgerId, payoutId) =>
      method === 'usdc' ? authorizationNonce(chainId, tokenAddress, ledgerId, payoutId) : null,
    neverPaid,
    objectionTo: (address) => waitsFor(neverPaid, address),
    payableOf: (microUsd) => floorToToken(microUsd, decimals),
  };
}
