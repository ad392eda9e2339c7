import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { formatUsd } from '../money/micro-usd.js';
import type { Check, Findings } from './finding.js';
import { transferKey } from './transfer-key.js';

const MS_PER_DAY = 86_400_000;

const nextRow = z.object({ next: sqlTime.nullable() });

const differenceRow = z.object({
  assessment_id: z.guid().nullable(),
  owed: sqlBigint.nullable(),
  transfer: z.string().nullable(),
  accrued: sqlBigint.nullable(),
  is_own: z.boolean().nullable(),
});
type DifferenceRow = z.output<typeof differenceRow>;

/** Paid assessments beside accruals, by payee and period; those that fit are counted, the others returned. */
const differencesQuery = `
  select owed.id as assessment_id, owed.amount as owed, accrued.key as transfer, accrued.amount as accrued, accrued.is_own
    from (select a.id, 'liability:payable:' || a.orchestrator_id as payable, a.period_start, a.amount_micro_usd as amount
            from payments.assessment a
           where a.decision = 'paid' and a.amount_micro_usd > 0 and a.period_start >= $1 and a.period_start < $2) owed
    full join (select c.code as payable, t.effective_at, t.amount,
                      d.code = 'expense:rewards:' || split_part(c.code, ':', 3) as is_own,
                      ${transferKey} as key
                 from ledger.transfer t
                 join ledger.account c on c.id = t.credit_account_id join ledger.account d on d.id = t.debit_account_id
                where t.kind = 'accrual' and t.effective_at >= $1 and t.effective_at < $2) accrued
      on accrued.payable = owed.payable and accrued.effective_at = owed.period_start
   where owed.id is null or accrued.amount is null or owed.amount <> accrued.amount or not accrued.is_own`;

/** Each paid assessment has its accrual, and each accrual its assessment. A day at a time. */
export const accrualsCheck: Check<{ sql: Sql }> = {
  name: 'accruals',
  run: async ({ sql }, findings) => {
    let days = 0;
    for (let from = await nextDay(sql, new Date(0)); from !== null;) {
      const to = new Date(from.getTime() + MS_PER_DAY);
      for (const row of await selectRows(sql, differenceRow, differencesQuery, [from, to]))
        report(row, findings);
      days += 1;
      findings.progress(from.toISOString().slice(0, 10));
      from = await nextDay(sql, to);
    }
    const count = await selectRow(
      sql,
      z.object({ n: sqlBigint }),
      `select count(*) as n from payments.assessment where decision = 'paid'`,
    );
    return `${count?.n ?? 0n} paid periods on ${days} days`;
  },
};

/** The start of the next UTC day in which something was earned. */
async function nextDay(sql: Sql, from: Date): Promise<Date | null> {
  const row = await selectRow(
    sql,
    nextRow,
    `select least((select min(period_start) from payments.assessment where period_start >= $1),
                  (select min(effective_at) from ledger.journal_entry where kind = 'accrual' and effective_at >= $1)) as next`,
    [from],
  );
  const at = row?.next?.getTime();
  return at === undefined ? null : new Date(at - (at % MS_PER_DAY));
}

function report(
  { assessment_id: id, owed, transfer, accrued, is_own: isOwn }: DifferenceRow,
  findings: Findings,
): void {
  if (transfer === null) {
    findings.add(
      'payments.assessment',
      `id=${id ?? ''}`,
      `is paid ($${formatUsd(owed ?? 0n)}) and has no accrual`,
    );
  } else if (owed === null) {
    findings.add('ledger.transfer', transfer, 'is an accrual without a paid assessment');
  } else if (owed !== accrued) {
    const said = `is an accrual of $${formatUsd(accrued ?? 0n)}, but its assessment ${id ?? ''} says $${formatUsd(owed)}`;
    findings.add('ledger.transfer', transfer, said);
  } else if (isOwn === false) {
    findings.add('ledger.transfer', transfer, 'is an accrual out of the account of another payee');
  }
}
