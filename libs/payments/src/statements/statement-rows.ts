import { z } from 'zod';

import { type Sql, selectRow, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';

/**
 * Movements of a payable account `$1` from `$2` on, credits up and debits down. Accruals never debit it: that is what the
 * index of debits leaves out.
 */
const movements = `
  select effective_at, journal_entry_id, kind, amount from ledger.transfer
    where credit_account_id = $1 and effective_at >= $2
  union all
  select effective_at, journal_entry_id, kind, -amount from ledger.transfer
    where debit_account_id = $1 and kind <> 'accrual' and effective_at >= $2`;

const askedRow = z.object({ now: sqlTime, known: z.boolean(), account_id: z.int().nullable() });

export type Asked = z.output<typeof askedRow>;

/** The first question to a snapshot: what it holds happened at or before its `now`. */
export async function askFor(sql: Sql, orchestratorId: string): Promise<Asked> {
  const row = await selectRow(
    sql,
    askedRow,
    `select payments.clock() as now, exists (select 1 from payments.orchestrator where id = $1) as known,
            (select id from ledger.account where code = $2) as account_id`,
    [orchestratorId, account.payable(orchestratorId)],
  );
  if (!row) throw new Error('unreachable: a query without FROM has one row');
  return row;
}

const totalsRow = z.object({
  opening: sqlBigint,
  closing: sqlBigint,
  line_count: z.string().transform(Number),
});

export type Totals = z.output<typeof totalsRow>;

/**
 * Counted back from the cached balance, so that a statement of last month costs last month and not all the years before.
 * (The cache is what `ledger:verify` compares with the transfers.)
 */
export async function totalsOf(sql: Sql, accountId: number, from: Date, to: Date): Promise<Totals> {
  const row = await selectRow(
    sql,
    totalsRow,
    `select b.credits - b.debits - coalesce(sum(m.amount), 0) as opening,
            b.credits - b.debits - coalesce(sum(m.amount) filter (where m.effective_at >= $3), 0) as closing,
            count(m.amount) filter (where m.effective_at < $3) as line_count
       from ledger.account_balance b left join (${movements}) m on true
      where b.account_id = $1 group by b.account_id, b.credits, b.debits`,
    [accountId, from, to],
  );
  if (!row) throw new Error(`the account ${accountId} has no balance`);
  return row;
}

export const lineRow = z.object({
  effective_at: sqlTime,
  kind: z.enum(['accrual', 'adjustment', 'reserve', 'return']),
  amount: sqlBigint,
  meta: z.object({ payoutId: z.uuid().nullish(), reason: z.string().nullish() }).nullable(),
});

/** `$1` the account, `$2` from, `$3` to. Meta is looked up where it says something, not for every accrual. */
export const linesInOrder = `
  select effective_at, kind, amount,
         case when kind <> 'accrual' then (select e.meta from ledger.journal_entry e where e.id = m.journal_entry_id) end as meta
    from (${movements}) m where effective_at < $3 order by effective_at, journal_entry_id, amount`;
