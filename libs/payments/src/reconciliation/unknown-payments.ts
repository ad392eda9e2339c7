import { z } from 'zod';

import { type Sql, selectRow, sqlBigint } from '../books/sql-rows.js';
import { toMicroUsd, toTokenUnits } from '../chain/token-units.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { formatUsd } from '../money/micro-usd.js';
import { treasuryKey } from './scan-rows.js';

const unknownRow = z.object({
  tx_hash: z.string(),
  to_address: z.string(),
  amount: sqlBigint,
  payout_id: z.uuid().nullable(),
});

/** What the treasury has paid according to final blocks but not to the books, in words; null when they agree. */
export async function findUnknownPayment(sql: Sql, chain: TreasuryChain): Promise<string | null> {
  const found = await (chain.method === 'usdc'
    ? unknownAuthorization(sql, chain)
    : unknownTransfer(sql, chain));
  if (!found) return null;
  const paid = `$${formatUsd(toMicroUsd(found.amount, chain.decimals))} to ${found.to_address} in ${found.tx_hash}`;
  const by = chain.method === 'usdc' ? 'an authorization' : 'a transfer';
  return found.payout_id === null
    ? `the treasury paid ${paid} by ${by} that these books do not know`
    : `the treasury paid ${paid}, which is not what the payout ${found.payout_id} says`;
}

const unknownAuthorization = (sql: Sql, chain: TreasuryChain) =>
  selectRow(
    sql,
    unknownRow,
    `select c.tx_hash, c.to_address, c.amount, p.id as payout_id
       from payments.final_authorization c left join payments.payout p on p.authorization_nonce = c.nonce
      where c.chain_id = $1 and c.token_address = $2 and c.treasury_address = $3 and c.kind = 'used'
        and (p.id is null or p.status = 'returned' or p.amount_micro_usd <> c.amount or p.payout_address <> c.to_address)
        and not exists (select 1 from payments.foreign_payment f where f.authorization_nonce = c.nonce)
      order by c.block_number limit 1`,
    treasuryKey(chain),
  );

/** A plain transfer has no identity: it is ours when a tx of ours carried it, to that recipient with that amount. */
const unknownTransfer = (sql: Sql, chain: TreasuryChain) =>
  selectRow(
    sql,
    unknownRow,
    `select m.tx_hash, m.other_address as to_address, m.amount, p.id as payout_id
       from payments.treasury_movement m
       left join payments.attempt a on a.tx_hash = m.tx_hash
       left join payments.settlement_item i on i.settlement_id = a.settlement_id
       left join payments.payout p on p.id = i.payout_id and p.method = 'erc20'
      where m.chain_id = $1 and m.token_address = $2 and m.treasury_address = $3 and m.direction = 'out' and not m.is_lost
        and (p.id is null or p.status = 'returned' or p.payout_address <> m.other_address
             or p.amount_micro_usd * $4::numeric <> m.amount * $5::numeric)
        and not exists (select 1 from payments.foreign_payment f
                         where f.chain_id = m.chain_id and f.tx_hash = m.tx_hash and f.log_index = m.log_index)
      order by m.block_number limit 1`,
    [...treasuryKey(chain), ...scaleOf(chain)],
  );

/** Micro-dollars times the first are token units times the second. */
export function scaleOf({ decimals }: TreasuryChain): [string, string] {
  return decimals >= 6
    ? [toTokenUnits(1n, decimals).toString(), '1']
    : ['1', (10n ** BigInt(6 - decimals)).toString()];
}
