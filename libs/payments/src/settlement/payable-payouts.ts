import { z } from 'zod';

import { hex32Schema } from '#platform';

import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';

const payableRow = z
  .object({
    id: z.uuid(),
    amount_micro_usd: sqlBigint,
    payout_address: z.string(),
    authorization_nonce: hex32Schema.nullable(),
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

const unbound = `p.status = 'reserved' and p.chain_id = $1 and p.token_address = $2 and p.treasury_address = $3
  and p.method = $4 and not p.cancel_requested and (p.retry_at is null or p.retry_at <= payments.clock())
  and not exists (select 1 from payments.settlement_item i
                   where i.payout_id = p.id and i.outcome is distinct from 'unused')`;

const columns = `p.id, p.amount_micro_usd, p.payout_address, p.authorization_nonce,
  p.first_signed_at is not null as signed_before`;

const owner = (chain: TreasuryChain): string[] => [
  chain.chainId.toString(),
  chain.tokenAddress,
  chain.treasury.address,
  chain.method,
];

/** Oldest first. */
export const unboundPayouts = (sql: Sql, chain: TreasuryChain, limit: number): Promise<PayablePayout[]> =>
  selectRows(
    sql,
    payableRow,
    `select ${columns} from payments.payout p where ${unbound} order by p.created_at, p.id limit $5`,
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
    `select ${columns} from payments.payout p where ${unbound} and p.id = any ($5::uuid[])
      order by p.created_at, p.id for update of p skip locked`,
    [...owner(chain), ids],
  );

const inFlightRow = z.object({ micro_usd: sqlBigint, wei: sqlBigint });

/** What signed settlements that are in no block yet will take from the treasury and, at most, from the gas payer. */
export async function inFlight(sql: Sql, chain: TreasuryChain): Promise<{ microUsd: bigint; wei: bigint }> {
  const row = await selectRow(
    sql,
    inFlightRow,
    `with open as (select id from payments.settlement
                    where chain_id = $1 and from_address = $4 and status in ('signed', 'sent'))
     select coalesce((select sum(p.amount_micro_usd) from payments.settlement_item i join open o on o.id = i.settlement_id
                        join payments.payout p on p.id = i.payout_id
                       where i.outcome is null and p.token_address = $2 and p.treasury_address = $3), 0) as micro_usd,
            coalesce((select sum(a.cost) from (select max(gas_limit * max_fee_wei) as cost from payments.attempt t
                                                 join open o on o.id = t.settlement_id group by o.id) a), 0) as wei`,
    [chain.chainId.toString(), chain.tokenAddress, chain.treasury.address, chain.gasPayer.address],
  );
  return { microUsd: row?.micro_usd ?? 0n, wei: row?.wei ?? 0n };
}

const strandedRow = z.object({ count: z.int() });

/** Reserved payouts that are bound to another method, chain, token or treasury than the one that is configured. */
export async function strandedPayouts(sql: Sql, chain: TreasuryChain | null): Promise<number> {
  const row = await selectRow(
    sql,
    strandedRow,
    `select count(*)::int as count from payments.payout p
      where p.status in ('reserved', 'held') and p.method <> 'ledger'
        and ($1::bigint is null or p.chain_id <> $1 or p.token_address <> $2 or p.treasury_address <> $3 or p.method <> $4)`,
    chain ? owner(chain) : [null, null, null, null],
  );
  return row?.count ?? 0;
}

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
