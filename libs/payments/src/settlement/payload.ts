import { signAuthorization } from '../chain/authorization.js';
import { encodeAggregate, multicall3Address } from '../chain/multicall3.js';
import { toTokenUnits } from '../chain/token-units.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { encodeTokenCall } from '../chain/usdc.js';
import type { PayablePayout } from './payable-payouts.js';

/** Where a settlement's tx goes and what it says. */
export interface Payload {
  to: string;
  data: string;
}

/** A plain transfer: one payout in one tx, sent by the treasury itself. */
export const transferOf = (
  chain: TreasuryChain,
  { payoutAddress, amountMicroUsd }: Pick<PayablePayout, 'payoutAddress' | 'amountMicroUsd'>,
): Payload => ({
  to: chain.tokenAddress,
  data: encodeTokenCall('transfer', [payoutAddress, toTokenUnits(amountMicroUsd, chain.decimals)]),
});

/** @param validBeforeSeconds of the authorizations; a transfer has no end */
export async function payloadOf(
  chain: TreasuryChain,
  payouts: readonly PayablePayout[],
  validBeforeSeconds: bigint,
): Promise<Payload> {
  if (chain.method === 'erc20') {
    const [payout, ...others] = payouts;
    if (!payout || others.length > 0) throw new Error('a plain transfer carries one payout');
    return transferOf(chain, payout);
  }
  const calls = await Promise.all(
    payouts.map(async (payout) => ({
      target: chain.tokenAddress,
      data: await authorize(chain, payout, validBeforeSeconds),
    })),
  );
  return { to: multicall3Address, data: encodeAggregate(calls) };
}

function authorize(chain: TreasuryChain, payout: PayablePayout, validBefore: bigint): Promise<string> {
  if (payout.authorizationNonce === null)
    throw new Error(`the payout ${payout.id} has no authorization nonce`);
  return signAuthorization(chain.treasury, chain.domain, {
    ...{ from: chain.treasury.address, to: payout.payoutAddress, value: payout.amountMicroUsd },
    ...{ validBefore, nonce: payout.authorizationNonce },
  });
}
