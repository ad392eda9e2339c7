import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import type { Check, Findings } from './finding.js';
import { type PayoutEntry, payoutFaults, type StoredPayout } from './payout-faults.js';

const PAYOUTS_PER_BATCH = 1_000;

const entryColumns = {
  amount: sqlBigint.nullable(),
  debit: z.string().nullable(),
  credit: z.string().nullable(),
  at: sqlTime.nullable(),
};

const payoutRow = z.object({
  seq: sqlBigint,
  id: z.guid(),
  orchestrator_id: z.guid(),
  asset: z.string(),
  number: sqlBigint,
  amount_micro_usd: sqlBigint,
  chain_id: sqlBigint.nullable(),
  token_address: z.string().nullable(),
  authorization_nonce: z.string().nullable(),
  status: z.string(),
  paid_at: sqlTime.nullable(),
  created_at: sqlTime,
  reserve_amount: entryColumns.amount,
  reserve_debit: entryColumns.debit,
  reserve_credit: entryColumns.credit,
  reserve_at: entryColumns.at,
  paid_amount: entryColumns.amount,
  paid_debit: entryColumns.debit,
  paid_credit: entryColumns.credit,
  paid_entry_at: entryColumns.at,
  return_amount: entryColumns.amount,
  return_debit: entryColumns.debit,
  return_credit: entryColumns.credit,
  return_at: entryColumns.at,
});

/** A payment that left the chain again is paid under another key. */
const suffix = {
  reserve: `''`,
  return: `''`,
  paid: `case when p.reorgs > 0 then '/' || (p.reorgs + 1) else '' end`,
};

const entryJoin = (kind: keyof typeof suffix): string => `
  left join lateral (
    select t.amount, d.code as debit, c.code as credit, e.effective_at as at
      from ledger.journal_entry e
      join ledger.transfer t on t.journal_entry_id = e.id and t.effective_at = e.effective_at
      join ledger.account d on d.id = t.debit_account_id join ledger.account c on c.id = t.credit_account_id
     where e.idempotency_key = 'payout/' || p.id || '/${kind}' || ${suffix[kind]} and e.kind = '${kind}'
     order by t.amount limit 1) ${kind}_entry on true`;

const payoutsQuery = `
  select p.seq, p.id, p.orchestrator_id, p.asset, p.number, p.amount_micro_usd, p.chain_id, p.token_address,
         p.authorization_nonce, p.status, p.paid_at, p.created_at,
         reserve_entry.amount as reserve_amount, reserve_entry.debit as reserve_debit,
         reserve_entry.credit as reserve_credit, reserve_entry.at as reserve_at,
         paid_entry.amount as paid_amount, paid_entry.debit as paid_debit,
         paid_entry.credit as paid_credit, paid_entry.at as paid_entry_at,
         return_entry.amount as return_amount, return_entry.debit as return_debit,
         return_entry.credit as return_credit, return_entry.at as return_at
    from payments.payout p ${(['reserve', 'paid', 'return'] as const).map(entryJoin).join('')}
   where p.seq > $1 order by p.seq limit $2`;

const bookRow = z.object({ ledger_id: z.guid() });

/** Payouts against their entries in the ledger, and entries against their payouts. */
export const payoutsCheck: Check<{ sql: Sql }> = {
  name: 'payouts',
  run: async ({ sql }, findings) => {
    const book = await selectRow(sql, bookRow, 'select ledger_id from payments.book');
    let [payouts, after] = [0, -(2n ** 63n)];
    for (;;) {
      const rows = await selectRows(sql, payoutRow, payoutsQuery, [after.toString(), PAYOUTS_PER_BATCH]);
      const last = rows.at(-1);
      if (!last) break;
      for (const payout of rows.map(toPayout)) {
        const faults = payoutFaults(payout, book?.ledger_id ?? '00000000-0000-0000-0000-000000000000');
        for (const fault of faults) findings.add('payments.payout', `id=${payout.id}`, fault);
      }
      payouts += rows.length;
      after = last.seq;
      findings.progress(`${payouts} payouts`);
    }
    await checkStrayEntries(sql, findings);
    return `${payouts} payouts against their entries`;
  },
};

type PayoutRow = z.output<typeof payoutRow>;

const toPayout = (row: PayoutRow): StoredPayout => ({
  id: row.id,
  orchestratorId: row.orchestrator_id,
  asset: row.asset,
  number: row.number,
  amountMicroUsd: row.amount_micro_usd,
  chainId: row.chain_id,
  tokenAddress: row.token_address,
  authorizationNonce: row.authorization_nonce,
  status: row.status,
  paidAt: row.paid_at,
  createdAt: row.created_at,
  entries: {
    ...entry('reserve', row.reserve_amount, row.reserve_debit, row.reserve_credit, row.reserve_at),
    ...entry('paid', row.paid_amount, row.paid_debit, row.paid_credit, row.paid_entry_at),
    ...entry('return', row.return_amount, row.return_debit, row.return_credit, row.return_at),
  },
});

function entry(
  kind: 'reserve' | 'paid' | 'return',
  amountMicroUsd: bigint | null,
  debit: string | null,
  credit: string | null,
  effectiveAt: Date | null,
): Partial<Record<'reserve' | 'paid' | 'return', PayoutEntry>> {
  if (amountMicroUsd === null || debit === null || credit === null || effectiveAt === null) return {};
  return { [kind]: { amountMicroUsd, debit, credit, effectiveAt } };
}

/** Entries about payouts that do not exist. */
async function checkStrayEntries(sql: Sql, findings: Findings): Promise<void> {
  const rows = await selectRows(
    sql,
    z.object({ id: sqlBigint, idempotency_key: z.string(), found: sqlBigint }),
    `select e.id, e.idempotency_key, count(*) over () as found from ledger.journal_entry e
      where e.kind in ('reserve', 'paid', 'return')
        and not exists (select 1 from payments.payout p where split_part(e.idempotency_key, '/', 2) = p.id::text
                            and split_part(e.idempotency_key, '/', 3) = e.kind)
      order by e.id limit 50`,
  );
  findings.addCounted(
    rows.map(({ id, idempotency_key: key }) => ({
      table: 'ledger.journal_entry',
      row: `id=${id}`,
      problem: `is about a payout that does not exist (${key})`,
    })),
    Number(rows[0]?.found ?? 0n),
  );
}
