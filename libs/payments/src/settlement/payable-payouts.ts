import { z } from 'zod';

import { hex32Schema } from '#platform';

import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';

const payableRow = z
  .object({
    id: z.uuid(),
    amount_micro_usd: sqlBigint,
    payout_address: z.string(),
    authorization_nonce: hex32Schema,
    signed_before: z.boolean(),
  })
  .transform((row) => ({
    id: row.id,
    amountMicroUsd: row.amount_micro_usd,
    payoutAddress: row.payout_address,
    authorizationNonce: row.authorization_nonce,
    wasSigned: row.signed_before,
  }));

/** A reserved payout that no settlement carries. */
export type PayablePayout = z.output<typeof payableRow>;

const unbound = `p.status = 'reserved' and p.method = 'usdc' and p.chain_id = $1 and p.token_address = $2
  and p.treasury_address = $3 and not p.cancel_requested and (p.retry_at is null or p.retry_at <= payments.clock())
  and not exists (select 1 from payments.settlement_item i
                   where i.payout_id = p.id and i.outcome is distinct from 'unused')`;

const columns = `p.id, p.amount_micro_usd, p.payout_address, p.authorization_nonce,
  p.first_signed_at is not null as signed_before`;

const owner = (chain: TreasuryChain): string[] => [
  chain.chainId.toString(),
  chain.tokenAddress,
  chain.treasury.address,
];

/** Oldest first. */
export const unboundPayouts = (sql: Sql, chain: TreasuryChain, limit: number): Promise<PayablePayout[]> =>
  selectRows(
    sql,
    payableRow,
    `select ${columns} from payments.payout p where ${unbound} order by p.created_at, p.id limit $4`,
    [...owner(chain), limit],
  );

/** Of these payouts those that are still free, locked; what another replica has under its hands is left to it. */
export const lockUnboundPayouts = (
  tx: Sql,
  chain: TreasuryChain,
  ids: readonly string[],
): Promise<PayablePayout[]> =>
  selectRows(
    tx,
    payableRow,
    `select ${columns} from payments.payout p where ${unbound} and p.id = any ($4::uuid[])
      order by p.created_at, p.id for update of p skip locked`,
    [...owner(chain), ids],
  );

/** Micro-dollars of all payouts whose first signature is less than 24 hours old. */
export async function signedInLastDay(tx: Sql): Promise<bigint> {
  const row = await selectRow(
    tx,
    z.object({ total: sqlBigint }),
    `select coalesce(sum(amount_micro_usd), 0) as total from payments.payout
      where first_signed_at > payments.clock() - interval '24 hours' and status <> 'returned'`,
  );
  return row?.total ?? 0n;
}
