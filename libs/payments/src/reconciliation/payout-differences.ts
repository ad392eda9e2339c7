import { z } from 'zod';

import { type Sql, selectRows, sqlBigint } from '../books/sql-rows.js';
import { toMicroUsd } from '../chain/token-units.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { account } from '../ledger/account.js';
import type { AccountLine, Compared, Difference } from './reconciliation.js';
import { readScan, treasuryKey } from './scan-rows.js';

const payoutRow = z.object({
  id: z.uuid().nullable(),
  orchestrator_id: z.uuid().nullable(),
  status: z.string().nullable(),
  amount_micro_usd: sqlBigint.nullable(),
  payout_address: z.string().nullable(),
  block_number: sqlBigint.nullable(),
  paid_in_ledger: sqlBigint,
  is_posted: z.boolean(),
  tx_hash: z.string().nullable(),
  to_address: z.string().nullable(),
  chain_amount: sqlBigint,
});
type PayoutRow = z.output<typeof payoutRow>;

const compared = `
  left join ledger.journal_entry j on b.id is not null
    and j.idempotency_key = 'payout/' || b.id || '/paid' || case when b.reorgs > 0 then '/' || (b.reorgs + 1) else '' end`;

const columns = `b.id, b.orchestrator_id, b.status, b.amount_micro_usd, b.payout_address, b.block_number,
  coalesce(j.total, 0) as paid_in_ledger, j.id is not null as is_posted`;

/** Each payout with its authorization, and each authorization with its payout. */
const byAuthorization = `
  with book as (select * from payments.payout
                 where chain_id = $1 and token_address = $2 and treasury_address = $3 and method = 'usdc'),
       seen as (select * from payments.final_authorization c
                 where chain_id = $1 and token_address = $2 and treasury_address = $3 and kind = 'used'
                   and not exists (select 1 from payments.foreign_payment f
                                    where f.authorization_nonce = c.nonce and f.payout_id is null))
  select ${columns}, c.tx_hash, c.to_address, coalesce(c.amount, 0) as chain_amount
    from book b full join seen c on c.nonce = b.authorization_nonce ${compared}
   where b.id is null or c.nonce is not null or b.status = 'paid' or j.id is not null`;

/** Each payout with the transfer by a tx of its settlements, and each transfer with its payout. */
const byTransfer = `
  with seen as (select m.*, o.payout_id from payments.treasury_movement m
                  left join lateral (
                    select p.id as payout_id from payments.attempt a
                      join payments.settlement_item i on i.settlement_id = a.settlement_id
                      join payments.payout p on p.id = i.payout_id and p.method = 'erc20' where a.tx_hash = m.tx_hash
                    union all select f.payout_id from payments.foreign_payment f
                     where f.chain_id = m.chain_id and f.tx_hash = m.tx_hash and f.log_index = m.log_index
                    limit 1) o on true
                 where m.chain_id = $1 and m.token_address = $2 and m.treasury_address = $3 and m.direction = 'out'
                   and not m.is_lost
                   and not exists (select 1 from payments.foreign_payment f
                                    where f.chain_id = m.chain_id and f.tx_hash = m.tx_hash and f.log_index = m.log_index
                                      and f.payout_id is null)),
       book as (select * from payments.payout
                 where chain_id = $1 and token_address = $2 and treasury_address = $3 and method = 'erc20')
  select ${columns}, m.tx_hash, m.other_address as to_address, coalesce(m.amount, 0) as chain_amount
    from book b full join seen m on m.payout_id = b.id ${compared}
   where b.id is null or m.tx_hash is not null or b.status = 'paid' or j.id is not null`;

export async function comparePayouts(sql: Sql, chain: TreasuryChain): Promise<Compared> {
  const rows = await selectRows(
    sql,
    payoutRow,
    chain.method === 'usdc' ? byAuthorization : byTransfer,
    treasuryKey(chain),
  );
  const readUpTo = (await readScan(sql, chain))?.scannedTo ?? 0n;
  const seen = rows.map((row) => ({
    ...row,
    chain_amount: toMicroUsd(row.chain_amount, chain.decimals),
  }));
  return {
    accounts: paidByPayee(seen, readUpTo),
    differences: seen
      .filter((row) => !isUnderWay(row) && !isAhead(row, readUpTo) && !isSame(row))
      .map((row) => describe(row, chain)),
  };
}

const isSame = (row: PayoutRow): boolean =>
  row.id !== null &&
  row.paid_in_ledger === row.chain_amount &&
  row.payout_address === row.to_address &&
  (row.status === 'paid') === row.is_posted;

/** Final on the chain, and the settler has not come to it yet: nobody is wrong. */
const isUnderWay = (row: PayoutRow): boolean =>
  row.status !== null &&
  ['reserved', 'held', 'sent', 'mined'].includes(row.status) &&
  row.paid_in_ledger === 0n &&
  row.chain_amount === row.amount_micro_usd &&
  row.to_address === row.payout_address;

/** Paid by a final block that has not been read for this comparison yet. */
const isAhead = ({ status, block_number: block, tx_hash: txHash }: PayoutRow, readUpTo: bigint): boolean =>
  status === 'paid' && txHash === null && block !== null && block > readUpTo;

/** What left each payee's account in settlement for the treasury, against what it received. */
function paidByPayee(rows: readonly PayoutRow[], readUpTo: bigint): AccountLine[] {
  const lines = new Map<string, AccountLine>();
  for (const row of rows) {
    if (row.orchestrator_id === null || isAhead(row, readUpTo)) continue;
    const code = account.inSettlement(row.orchestrator_id);
    const line = lines.get(code) ?? { account: code, unit: 'micro-usd', ledger: 0n, chain: 0n };
    line.ledger += isUnderWay(row) ? row.chain_amount : row.paid_in_ledger;
    line.chain += row.chain_amount;
    lines.set(code, line);
  }
  return [...lines.values()].sort((one, other) => (one.account < other.account ? -1 : 1));
}

function describe(row: PayoutRow, chain: TreasuryChain): Difference {
  const amounts = { ledgerMicroUsd: row.paid_in_ledger, chainMicroUsd: row.chain_amount };
  const inTx = row.tx_hash ?? 'no tx';
  if (row.id === null || row.orchestrator_id === null) {
    const by = chain.method === 'usdc' ? 'an authorization' : 'a transfer';
    const code = account.treasury(chain.chainId, chain.tokenAddress);
    return {
      account: code,
      ...amounts,
      detail: `the chain paid ${row.to_address ?? 'nobody'} in ${inTx} by ${by} that these books do not know`,
    };
  }
  const code = account.inSettlement(row.orchestrator_id);
  const what =
    row.tx_hash === null
      ? chain.method === 'usdc'
        ? 'is paid in the ledger, but no authorization of it was used on the chain'
        : 'is paid in the ledger, but no transfer of it is on the chain'
      : row.to_address !== row.payout_address
        ? `went to ${row.to_address ?? 'nobody'} instead of ${row.payout_address ?? 'nobody'} in ${inTx}`
        : row.paid_in_ledger === row.chain_amount
          ? `is ${row.status ?? 'gone'}, and the ledger and the chain say that it is paid (${inTx})`
          : `has other amounts in the ledger and on the chain (${inTx})`;
  return { account: code, ...amounts, detail: `the payout ${row.id} ${what}` };
}
