import type { DataSource } from 'typeorm';
import { z } from 'zod';

import { selectRows } from '../../src/books/sql-rows.js';

/**
 * What must hold in any books whatever happened to the processes that wrote them, each as a query for what breaks it.
 * They read the tables alone: no function or view of the books is asked.
 */
const breaches: Record<string, string> = {
  'a decision from a report has its evidence': `
    select a.id::text as row from payments.assessment a left join payments.evidence e on e.assessment_id = a.id
     where (a.worker_address is not null or a.decision = 'paid') and e.assessment_id is null`,
  'what is paid has accrued, and nothing else has': `
    select coalesce(a.id::text, t.code) as row
      from (select * from payments.assessment where amount_micro_usd > 0) a
      full join (select c.code, t.effective_at, t.amount, d.code as debit from ledger.transfer t
                   join ledger.account c on c.id = t.credit_account_id
                   join ledger.account d on d.id = t.debit_account_id where t.kind = 'accrual') t
        on t.code = 'liability:payable:' || a.orchestrator_id and t.effective_at = a.period_start
     where a.amount_micro_usd is distinct from t.amount
        or t.debit is distinct from 'expense:rewards:' || a.orchestrator_id`,
  'a period is decided once, and its time in no other period': `
    select a.id::text as row from payments.assessment a join payments.assessment b
        on b.orchestrator_id = a.orchestrator_id and b.id <> a.id
       and b.period_start < a.period_end and a.period_start < b.period_end`,
  'a worker earns once in a period': `
    select worker_address as row from payments.assessment where decision = 'paid'
     group by worker_address, period_start having count(*) > 1`,
  'what is decided is not pending': `
    select p.id::text as row from payments.pending_assessment p
      join payments.assessment a using (orchestrator_id, period_start)`,
  'a cached balance is the sum of its transfers': `
    select a.code as row from ledger.account a left join ledger.account_balance b on b.account_id = a.id
      left join (select id, sum(debit) as debits, sum(credit) as credits
                   from (select debit_account_id as id, amount as debit, 0 as credit from ledger.transfer
                         union all select credit_account_id, 0, amount from ledger.transfer) sides group by id) s on s.id = a.id
     where (b.debits, b.credits) is distinct from (coalesce(s.debits, 0), coalesce(s.credits, 0))`,
  'an entry has the transfers that it counts': `
    select j.idempotency_key as row from ledger.journal_entry j
      left join ledger.transfer t on t.journal_entry_id = j.id
     group by j.id having count(t.amount) <> j.line_count or coalesce(sum(t.amount), 0) <> j.total
        or bool_or(t.kind <> j.kind or t.effective_at <> j.effective_at)`,
  'a transfer belongs to an entry': `
    select t.journal_entry_id::text as row from ledger.transfer t
      left join ledger.journal_entry j on j.id = t.journal_entry_id where j.id is null`,
  'a payout was reserved once, and paid or returned as its state says': `
    select p.id::text as row from payments.payout p left join ledger.journal_entry j on j.meta->>'payoutId' = p.id::text
     group by p.id having count(*) filter (where j.kind = 'reserve' and j.total = p.amount_micro_usd) <> 1
        or count(*) filter (where j.kind = 'paid' and j.total = p.amount_micro_usd) <> (p.status = 'paid')::int
        or count(*) filter (where j.kind = 'return' and j.total = p.amount_micro_usd) <> (p.status = 'returned')::int
        or count(*) <> 1 + (p.status in ('paid', 'returned'))::int`,
};

/** What is broken, by rule; empty for sound books. */
export async function findBreaches(owner: DataSource): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const [rule, query] of Object.entries(breaches)) {
    const rows = await selectRows(owner, z.object({ row: z.string().nullable() }), `${query} limit 5`);
    if (rows.length > 0) found[rule] = rows.map(({ row }) => row ?? 'null');
  }
  return found;
}
