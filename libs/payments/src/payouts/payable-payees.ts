import { z } from 'zod';

import { type Sql, selectRows, sqlBigint } from '../books/sql-rows.js';

/** Whoever has enough to be paid. */
export interface PayablePayee {
  orchestratorId: string;
  payableMicroUsd: bigint;
  /** Archived and judged to the end: its rest is paid whatever the minimum. */
  isRest: boolean;
}

/** Whoever has enough to be paid and nowhere to be paid to. */
export interface WaitingPayee extends PayablePayee {
  /** In force, and one that nothing is ever paid to; null: none is in force. */
  address: string | null;
}

const payeeRow = z
  .object({ orchestrator_id: z.uuid(), payable: sqlBigint, is_rest: z.boolean() })
  .transform((row): PayablePayee => ({
    orchestratorId: row.orchestrator_id,
    payableMicroUsd: row.payable,
    isRest: row.is_rest,
  }));

/** `$1` the minimum. An archived payee is judged to the end when no whole period before its archive is open or pending. */
const payable = `
  select code, max(payable) as payable, bool_or(is_rest) as is_rest from (
    select a.code, b.credits - b.debits as payable, false as is_rest
      from ledger.account a join ledger.account_balance b on b.account_id = a.id
     where a.code like 'liability:payable:%' and b.credits - b.debits >= greatest($1::bigint, 1)
    union all
    select a.code, b.credits - b.debits, true
      from payments.orchestrator_fact f
      join ledger.account a on a.code = 'liability:payable:' || f.orchestrator_id::text
      join ledger.account_balance b on b.account_id = a.id
      cross join payments.book
     where f.fact = 'status' and f.value = 'archived' and b.credits - b.debits > 0
       and not exists (select 1 from payments.pending_assessment p where p.orchestrator_id = f.orchestrator_id)
       and not exists (select 1 from payments.assessment_progress g where g.orchestrator_id = f.orchestrator_id
                        and g.opened_until + make_interval(secs => book.period_seconds) <= f.effective_from)) p
   group by code`;

const inForce = `payments.fact_at(split_part(p.code, ':', 3)::uuid, 'payout_address', payments.clock())`;

export interface PayeePage {
  minPayoutMicroUsd: bigint;
  /** Only those with a payout address in force. */
  needsAddress: boolean;
  /** The last payee of the page before. */
  after: string | null;
  limit: number;
}

/** In the order of their accounts' codes, in which their balances are locked. */
export const payablePayees = (
  sql: Sql,
  { minPayoutMicroUsd, needsAddress, after, limit }: PayeePage,
): Promise<PayablePayee[]> =>
  selectRows(
    sql,
    payeeRow,
    `select split_part(p.code, ':', 3) as orchestrator_id, p.payable, p.is_rest from (${payable}) p
      where ($2::text is null or p.code > 'liability:payable:' || $2) and (not $3::boolean or ${inForce} is not null)
      order by p.code limit $4`,
    [minPayoutMicroUsd.toString(), after, needsAddress, limit],
  );

const waitingRow = payeeRow.and(z.object({ address: z.string().nullable() }));

interface WaitingPage extends Pick<PayeePage, 'minPayoutMicroUsd' | 'limit'> {
  /** Addresses that are as good as none. */
  neverPaid: readonly string[];
}

/** Whoever would be paid if there were an address to pay to. */
export const payeesWithoutAddress = (
  sql: Sql,
  { minPayoutMicroUsd, neverPaid, limit }: WaitingPage,
): Promise<WaitingPayee[]> =>
  selectRows(
    sql,
    waitingRow,
    `select split_part(p.code, ':', 3) as orchestrator_id, p.payable, p.is_rest, f.address
       from (${payable}) p cross join lateral (select ${inForce} as address) f
      where f.address is null or lower(f.address) = any ($3::text[]) order by p.code limit $2`,
    [minPayoutMicroUsd.toString(), limit, neverPaid.map((address) => address.toLowerCase())],
  );
