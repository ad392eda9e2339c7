import { authorizationNonce } from '../chain/authorization.js';
import { payoutId } from '../payouts/payout-id.js';

export interface Treasury {
  chainId: bigint;
  tokenAddress: string;
}

export interface LostPayout {
  id: string;
  orchestratorId: string;
  asset: string;
  number: bigint;
  nonce: string;
}

/** Numbers in a row that may have been given to payouts that were never paid. */
const longestGap = 32n;

/** As `TreasuryChain.asset`, which payouts are counted by. */
export const assetOf = ({ chainId, tokenAddress }: Treasury): string =>
  `usdc:${chainId}:${tokenAddress.toLowerCase()}`;

/**
 * Which payouts were paid by these authorizations: their identity follows from the ledger, the orchestrator and the number, so
 * that books that have lost a payout find it again by counting on from the last one they know.
 */
export function findLostPayouts(
  ledgerId: string,
  treasury: Treasury,
  nonces: ReadonlySet<string>,
  orchestrators: readonly { id: string; lastNumber: bigint }[],
): LostPayout[] {
  const asset = assetOf(treasury);
  const found: LostPayout[] = [];
  for (const { id: orchestratorId, lastNumber } of orchestrators) {
    let last = lastNumber;
    for (let number = last + 1n; number <= last + longestGap; number += 1n) {
      const id = payoutId(ledgerId, orchestratorId, asset, number);
      const nonce = authorizationNonce(treasury.chainId, treasury.tokenAddress, ledgerId, id);
      if (!nonces.has(nonce)) continue;
      found.push({ id, orchestratorId, asset, number, nonce });
      last = number;
    }
  }
  return found;
}
