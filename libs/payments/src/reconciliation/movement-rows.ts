import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRow, sqlBigint } from '../books/sql-rows.js';
import { toMicroUsd } from '../chain/token-units.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import type { TreasuryMovement } from '../chain/treasury-events.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { treasuryKey } from './scan-rows.js';

const storedRow = z.object({ losses: z.int() });
const sumRow = z.object({ total: sqlBigint });

const treasuryOf = (chain: TreasuryChain): string => account.treasury(chain.chainId, chain.tokenAddress);

/**
 * Whether the money came or went without a payout: what comes in always does. What leaves a treasury that pays by
 * authorizations without one was moved by whoever has its key; one that pays by transfers must know each of them.
 */
const isFunding = (chain: TreasuryChain, { direction, authorizationNonce }: TreasuryMovement): boolean =>
  direction === 'in' || (chain.method === 'usdc' && authorizationNonce === null);

/** Writes a movement down once, and what it means for the ledger with it. */
export async function storeMovement(
  tx: EntityManager,
  ledger: Ledger,
  chain: TreasuryChain,
  movement: TreasuryMovement,
  blockTime: Date,
): Promise<void> {
  const before = await fundedUnits(tx, chain);
  const stored = await selectRow(
    tx,
    storedRow,
    `insert into payments.treasury_movement (chain_id, token_address, treasury_address, block_hash, log_index, block_number,
         block_time, tx_hash, direction, other_address, amount, authorization_nonce)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       on conflict (chain_id, token_address, treasury_address, block_hash, log_index)
       do update set is_lost = false where treasury_movement.is_lost
       returning losses`,
    [
      ...[...treasuryKey(chain), movement.blockHash, movement.logIndex.toString()],
      ...[movement.blockNumber.toString(), blockTime, movement.txHash, movement.direction],
      ...[movement.otherAddress, movement.amount.toString(), movement.authorizationNonce],
    ],
  );
  if (!stored || !isFunding(chain, movement)) return;
  const after = await fundedUnits(tx, chain);
  await postFunding(tx, ledger, chain, {
    key: `${movement.blockHash}/${movement.logIndex}${stored.losses === 0 ? '' : `/${stored.losses + 1}`}`,
    // Of all that came in, rounded down as one: a token with more decimals than dollars loses nothing to rounding.
    microUsd: toMicroUsd(after, chain.decimals) - toMicroUsd(before, chain.decimals),
    at: blockTime,
    meta: { txHash: movement.txHash, address: movement.otherAddress },
  });
}

/** What came in less what was taken out, in the token's smallest unit, the opening included. */
async function fundedUnits(tx: EntityManager, chain: TreasuryChain): Promise<bigint> {
  const row = await selectRow(
    tx,
    sumRow,
    `select coalesce((select opening_amount from payments.authorization_scan
                       where chain_id = $1 and token_address = $2 and treasury_address = $3), 0)
          + coalesce(sum(case direction when 'in' then amount else -amount end), 0) as total
       from payments.treasury_movement
      where chain_id = $1 and token_address = $2 and treasury_address = $3 and not is_lost
        and (direction = 'in' or ($4 = 'usdc' and authorization_nonce is null))`,
    [...treasuryKey(chain), chain.method],
  );
  return row?.total ?? 0n;
}

export interface Funding {
  /** What makes it one event. */
  key: string;
  /** Below zero: taken out. */
  microUsd: bigint;
  at: Date;
  meta: Record<string, unknown>;
}

/** Money that came into the treasury, or was taken out of it by whoever owns it. */
export async function postFunding(
  tx: EntityManager,
  ledger: Ledger,
  chain: TreasuryChain,
  { key, microUsd, at, meta }: Funding,
): Promise<void> {
  if (microUsd === 0n) return;
  const [debit, credit] =
    microUsd > 0n ? [treasuryOf(chain), account.funding()] : [account.funding(), treasuryOf(chain)];
  await ledger.post(tx, {
    kind: 'funding',
    idempotencyKey: `funding/${chain.chainId}/${key}`,
    effectiveAt: at,
    transfers: [{ debit, credit, amountMicroUsd: microUsd > 0n ? microUsd : -microUsd }],
    meta,
  });
}
