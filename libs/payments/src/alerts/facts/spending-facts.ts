import { z } from 'zod';

import { type Sql, selectRow, sqlBigint } from '../../books/sql-rows.js';
import type { FundsFacts } from '../rules/alert-facts.js';

const spendingRow = z.object({
  owed: sqlBigint,
  earned: sqlBigint,
  gas: sqlBigint.nullable(),
  gas_hours: sqlBigint.nullable(),
});

export type Spending = Pick<FundsFacts, 'owedMicroUsd' | 'earnedPerHourMicroUsd' | 'gasPerHourWei'>;

/** What is owed, what a quarter of an hour earned, and what a week's gas cost. */
export async function readSpending(sql: Sql): Promise<Spending> {
  const row = await selectRow(
    sql,
    spendingRow,
    `select (select coalesce(sum(greatest(b.normal * (b.debits - b.credits), 0)), 0)::bigint
               from ledger.account_balance b join ledger.account a on a.id = b.account_id
              where a.code like 'liability:payable:%' or a.code like 'liability:in_settlement:%') as owed,
            (select coalesce(sum(amount_micro_usd), 0)::bigint * 4 from payments.assessment
              where period_start >= payments.clock() - interval '15 minutes') as earned,
            gas.wei::bigint as gas, gas.hours as gas_hours
       from (select sum(gas_used * gas_price_wei) as wei,
                    greatest(1, ceil(extract(epoch from payments.clock() - min(created_at)) / 3600))::bigint as hours
               from payments.settlement
              where status = 'final' and created_at > payments.clock() - interval '7 days') gas`,
  );
  if (!row) throw new Error('unreachable: one row of aggregates');
  return {
    owedMicroUsd: row.owed,
    earnedPerHourMicroUsd: row.earned,
    gasPerHourWei: row.gas === null || row.gas_hours === null ? null : row.gas / row.gas_hours,
  };
}
