import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../../books/sql-rows.js';
import { readPause } from '../../payouts/settlement-control.js';
import type { BacklogFacts, PayoutFacts } from '../rules/alert-facts.js';

/** More than this wait only when nothing moves at all. */
const MOST_PAYOUTS = 1_000;

const payoutRow = z.object({
  id: z.uuid(),
  orchestrator_id: z.uuid(),
  status: z.string(),
  method: z.string(),
  hold_reason: z.string().nullable(),
  amount_micro_usd: sqlBigint,
  created_at: sqlTime,
});

const laneRow = z.object({ chain_id: sqlBigint, address: z.string(), pause_reason: z.string().nullable() });

export async function payoutFacts(sql: Sql): Promise<PayoutFacts> {
  const payouts = await selectRows(
    sql,
    payoutRow,
    `select id, orchestrator_id, status, method, hold_reason, amount_micro_usd, created_at from payments.payout
      where status not in ('paid', 'returned') and (method <> 'ledger' or status = 'held')
      order by created_at limit $1`,
    [MOST_PAYOUTS + 1],
  );
  const lanes = await selectRows(
    sql,
    laneRow,
    `select chain_id, address, pause_reason from payments.lane where status = 'paused'`,
  );
  const pause = await readPause(sql);
  return {
    open: payouts.slice(0, MOST_PAYOUTS).map((row) => ({
      id: row.id,
      orchestratorId: row.orchestrator_id,
      status: row.status,
      isOnChain: row.method !== 'ledger',
      holdReason: row.hold_reason,
      amountMicroUsd: row.amount_micro_usd,
      createdMs: row.created_at.getTime(),
    })),
    isWhole: payouts.length <= MOST_PAYOUTS,
    pause: pause && { reason: pause.reason, actor: pause.actor, sinceMs: pause.since.getTime() },
    pausedLanes: lanes.map((row) => ({
      chainId: row.chain_id.toString(),
      address: row.address,
      reason: row.pause_reason ?? 'no reason was kept',
    })),
  };
}

const backlogRow = z.object({ oldest: sqlTime.nullable(), periods: z.int() });

/** What nobody has looked at: opened and never attempted, or not even opened. Dead workers keep nothing untouched. */
export async function backlogFacts(sql: Sql): Promise<BacklogFacts> {
  const row = await selectRow(
    sql,
    backlogRow,
    `with waiting as (
       select p.period_end from payments.pending_assessment p
         join payments.assessment_progress g using (orchestrator_id)
        where p.first_attempt_at is null and g.failures = 0
       union all
       select g.opened_until + make_interval(secs => b.period_seconds)
         from payments.assessment_progress g, payments.book b
        where g.opened_until + make_interval(secs => 2 * b.period_seconds) < payments.clock()
          and payments.fact_at(g.orchestrator_id, 'status', payments.clock()) <> 'archived')
     select min(period_end) as oldest, count(*)::int as periods from waiting`,
  );
  return { oldestUntouchedMs: row?.oldest?.getTime() ?? null, periods: row?.periods ?? 0 };
}
