import { z } from 'zod';

import { type Sql, selectRows, sqlTime } from '../../books/sql-rows.js';
import type { OrchestratorFacts, PeriodFacts } from '../rules/alert-facts.js';
import type { ServiceUps } from './service-ups.js';

const orchestratorRow = z.object({
  id: z.uuid(),
  name: z.string(),
  failures: z.int(),
  unanswered_since: sqlTime.nullable(),
  silent_by_itself_since: sqlTime.nullable(),
  last_failure: z.string().nullable(),
  required_services: z.array(z.string()),
});

const periodRow = z.object({
  id: z.uuid(),
  orchestrator_id: z.uuid(),
  period_start: sqlTime,
  period_end: sqlTime,
  decision: z.enum(['paid', 'unpaid']),
  reason: z.string().nullable(),
  has_uptime: z.boolean(),
  is_whole: z.boolean(),
});
type PeriodRow = z.output<typeof periodRow>;

/** Those that are to earn now: active, and asked about. */
const active = `
  select g.orchestrator_id as id, g.failures from payments.assessment_progress g
   where payments.fact_at(g.orchestrator_id, 'status', payments.clock()) = 'active'`;

/** When the newest outage of everybody's evidence was over; null while it goes on, or when there was none. */
const lastOutage = `
  select make_interval(secs => b.period_seconds) as period,
         (select a.resolved_at from payments.alert a where a.kind = 'evidence_source_down'
           order by a.opened_at desc limit 1) as ended
    from payments.book b`;

/** What the books know of each active orchestrator's worker and newest periods. */
export async function orchestratorFacts(
  sql: Sql,
  serviceUps: ServiceUps,
  periodCount: number,
): Promise<OrchestratorFacts[]> {
  const orchestrators = await selectRows(
    sql,
    orchestratorRow,
    `select o.id, o.failures, payments.fact_at(o.id, 'name', 'infinity') as name,
            silent.period_end as unanswered_since, silent.last_failure, policy.required_services,
            case when silent.period_end <= outage.ended then again.first_attempt_at
                 else silent.period_end end as silent_by_itself_since
       from (${active}) o
       cross join (${lastOutage}) outage
       cross join lateral payments.policy_at(o.id, payments.clock()) policy
       left join lateral (select p.period_end, p.last_failure from payments.pending_assessment p
                           where p.orchestrator_id = o.id and p.first_attempt_at is not null
                           order by p.period_start limit 1) silent on true
       left join lateral (select p.first_attempt_at from payments.pending_assessment p
                           where silent.period_end <= outage.ended and p.orchestrator_id = o.id
                             and p.first_attempt_at is not null and p.period_start > outage.ended - outage.period
                           order by p.period_start limit 1) again on true
      order by o.id`,
  );
  const periods = await selectRows(
    sql,
    periodRow,
    `select a.id, a.orchestrator_id, a.period_start, a.period_end, a.decision, a.reason,
            a.up_ms is not null as has_uptime, coalesce(a.up_ms = a.window_ms, false) as is_whole
       from (${active}) o
       cross join lateral (select * from payments.assessment a where a.orchestrator_id = o.id
                           order by a.period_start desc limit $1) a
      order by a.orchestrator_id, a.period_start desc`,
    [periodCount],
  );
  const required = new Map(orchestrators.map((each) => [each.id, each.required_services]));
  const partial = periods.filter((period) => period.has_uptime && !period.is_whole);
  const ups = await serviceUps.read(
    sql,
    partial.map(({ id }) => id),
  );
  const byOrchestrator = new Map<string, PeriodFacts[]>();
  for (const row of periods) {
    const list = byOrchestrator.get(row.orchestrator_id) ?? [];
    list.push(periodOf(row, ups.get(row.id), required.get(row.orchestrator_id) ?? []));
    byOrchestrator.set(row.orchestrator_id, list);
  }
  return orchestrators.map((row) => ({
    id: row.id,
    name: row.name,
    unansweredSinceMs: row.unanswered_since?.getTime() ?? null,
    silentByItselfSinceMs: row.silent_by_itself_since?.getTime() ?? null,
    failures: row.failures,
    lastFailure: row.last_failure,
    periods: byOrchestrator.get(row.id) ?? [],
    requiredServices: row.required_services,
  }));
}

type Ups = ReadonlyMap<string, 'full' | 'partly' | 'none'>;

function periodOf(row: PeriodRow, ups: Ups | undefined, required: readonly string[]): PeriodFacts {
  const services = (state: 'partly' | 'none') =>
    required.filter((name) => (ups?.get(name) ?? 'none') === state);
  return {
    startMs: row.period_start.getTime(),
    endMs: row.period_end.getTime(),
    decision: row.decision,
    reason: row.reason,
    services: !row.has_uptime
      ? null
      : row.is_whole
        ? { down: [], partly: [] }
        : ups === undefined
          ? null
          : { down: services('none'), partly: services('partly') },
  };
}
