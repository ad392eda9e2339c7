import { z } from 'zod';

import { type Sql, selectRow } from '../books/sql-rows.js';

const microUsd = z.string().regex(/^-?\d+$/);
const time = z.iso.datetime().nullable();

/** What stands in the books, small enough for a header and a screen. The same object comes from SQL and from JSON. */
export const booksSummarySchema = z.object({
  ledger_id: z.uuid(),
  period_seconds: z.int(),
  opened_at: z.iso.datetime(),
  orchestrators: z.int(),
  journal_entries: z.int(),
  /** End of the newest period that was decided, and how many wait for their evidence. */
  assessed_until: time,
  pending_periods: z.int(),
  accrued_micro_usd: microUsd,
  adjusted_micro_usd: microUsd,
  payable_micro_usd: microUsd,
  in_settlement_micro_usd: microUsd,
  paid_micro_usd: microUsd,
  open_payouts: z.int(),
  last_paid_at: time,
  /** Accounts whose cached balance is not what their transfers add up to: none, in sound books. */
  accounts_out_of_balance: z.array(z.string()),
});

export type BooksSummary = z.output<typeof booksSummarySchema>;

const iso = (time: string): string => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const sumOf = (prefix: string): string =>
  `coalesce(sum(a.normal * (b.debits - b.credits)) filter (where starts_with(a.code, '${prefix}')), 0)`;

const query = `
  with sums as (
    select ${sumOf('expense:rewards:')} as accrued, ${sumOf('expense:adjustments:')} as adjusted,
           ${sumOf('liability:payable:')} as payable, ${sumOf('liability:in_settlement:')} as in_settlement
      from ledger.account a join ledger.account_balance b on b.account_id = a.id)
  select k.ledger_id, k.period_seconds, ${iso('k.opened_at')} as opened_at,
         (select count(*)::int from payments.orchestrator) as orchestrators,
         (select count(*)::int from ledger.journal_entry) as journal_entries,
         (select ${iso('max(period_end)')} from payments.assessment) as assessed_until,
         (select count(*)::int from payments.pending_assessment) as pending_periods,
         accrued::text as accrued_micro_usd, adjusted::text as adjusted_micro_usd, payable::text as payable_micro_usd,
         in_settlement::text as in_settlement_micro_usd,
         (accrued + adjusted - payable - in_settlement)::text as paid_micro_usd,
         (select count(*)::int from payments.payout where status not in ('paid', 'returned')) as open_payouts,
         (select ${iso('max(paid_at)')} from payments.payout) as last_paid_at,
         array(select a.code from ledger.account a
                 left join ledger.account_balance b on b.account_id = a.id
                 left join ledger.balance_from_transfers t on t.account_id = a.id
                where (coalesce(b.debits, 0), coalesce(b.credits, 0)) is distinct from (t.debits, t.credits)
                order by a.code limit 100) as accounts_out_of_balance
    from payments.book k, sums`;

/** What stands in the books as this transaction sees them; undefined when they were never opened. */
export const summariseBooks = (sql: Sql): Promise<BooksSummary | undefined> =>
  selectRow(sql, booksSummarySchema, query);
