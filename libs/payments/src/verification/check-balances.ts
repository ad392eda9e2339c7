import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import type { Check } from './finding.js';

const MAX_ROWS = 50;

const balanceRow = z.object({
  account: z.string(),
  code: z.string().nullable(),
  problem: z.string(),
  found: sqlBigint,
});

/** Every cached balance, computed from the transfers alone. */
const wrongBalances = `
  select coalesce(a.id, b.account_id)::text as account, a.code, count(*) over () as found,
         case when a.id is null then 'belongs to no account'
              when b.account_id is null then 'is missing'
              when (b.debits, b.credits) <> (s.debits, s.credits)
                then format('says debits %s and credits %s, the transfers say %s and %s', b.debits, b.credits, s.debits, s.credits)
              when b.normal <> x.normal then format('has the normal side %s', b.normal)
              when b.floor_zero <> x.floor_zero then 'has the wrong floor'
              else 'is below zero' end as problem
    from ledger.account a
    full join ledger.account_balance b on b.account_id = a.id
    left join (select id, sum(debit) as debits, sum(credit) as credits from (
                 select debit_account_id as id, amount as debit, 0 as credit from ledger.transfer
                 union all select credit_account_id, 0, amount from ledger.transfer) y group by id) t on t.id = a.id
    cross join lateral (select coalesce(t.debits, 0) as debits, coalesce(t.credits, 0) as credits) s
    cross join lateral (select case when split_part(a.code, ':', 1) in ('asset', 'expense') then 1 else -1 end as normal,
                               a.code like 'liability:in\\_settlement:%' as floor_zero) x
   where a.id is null or b.account_id is null or (b.debits, b.credits) <> (s.debits, s.credits)
         or b.normal <> x.normal or b.floor_zero <> x.floor_zero
         or (x.floor_zero and x.normal * (s.debits - s.credits) < 0)
   order by 1 limit ${MAX_ROWS}`;

export const balancesCheck: Check<{ sql: Sql }> = {
  name: 'balances',
  run: async ({ sql }, findings) => {
    findings.progress('adding up all transfers');
    const rows = await selectRows(sql, balanceRow, wrongBalances);
    findings.addCounted(
      rows.map(({ account, code, problem }) => ({
        table: 'ledger.account_balance',
        row: `account_id=${account}`,
        problem: `${problem}${code === null ? '' : ` (${code})`}`,
      })),
      Number(rows[0]?.found ?? 0n),
    );
    const count = await selectRow(
      sql,
      z.object({ n: sqlBigint }),
      'select count(*) as n from ledger.account',
    );
    return `${count?.n ?? 0n} accounts from their transfers`;
  },
};
