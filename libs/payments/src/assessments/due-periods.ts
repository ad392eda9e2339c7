import { z } from 'zod';

import { uptimeAggregations } from '#monitoring';

import { type Sql, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';

const dueRow = z.object({
  id: z.uuid(),
  orchestrator_id: z.uuid(),
  period_start: sqlTime,
  period_end: sqlTime,
  attempts: z.int(),
  first_attempt_at: sqlTime.nullable(),
  claimed_at: sqlTime,
  service_uri: z.string(),
  name: z.string(),
  worker_url: z.string().nullable(),
  worker_address: z.string().nullable(),
  status: z.enum(['active', 'paused', 'archived']),
  rate_id: sqlBigint,
  micro_usd_per_minute: sqlBigint,
  policy_id: sqlBigint,
  own_policy_id: sqlBigint.nullable(),
  threshold_bp: z.int().transform(BigInt),
  aggregation: z.enum(uptimeAggregations),
  required_services: z.array(z.string()),
});

/** A period that this process may attempt now, with the versions in force at its start. */
export type DuePeriod = z.output<typeof dueRow>;

export interface ClaimOptions {
  /** The first attempt comes this long after the end of the period. */
  reportDelayMs: number;
  /** For this long no other process attempts what was claimed. */
  leaseMs: number;
  perOrchestrator: number;
  total: number;
}

/**
 * Puts every whole period that has ended into the work queue, by the database's clock: from the first full one after
 * the record was made (or the last one opened) to now or to the archive. At most `perOrchestrator` at a time.
 */
export async function openEndedPeriods(
  tx: Sql,
  { reportDelayMs, perOrchestrator }: ClaimOptions,
): Promise<void> {
  await tx.query(
    `with now as (
       select period_seconds as seconds, make_interval(secs => period_seconds) as period, c.clock,
              payments.period_floor(c.clock - make_interval(secs => $1::numeric / 1000), period_seconds) as ended
         from payments.book, (select payments.clock() as clock) c),
     due as (
       select g.orchestrator_id, g.opened_until as first,
              least(now.ended, g.opened_until + now.period * $2::int,
                    payments.period_floor(coalesce(archived.at, now.ended), now.seconds)) as until
         from payments.assessment_progress g
         cross join now
         left join lateral (select effective_from as at from payments.orchestrator_fact f
                             where f.orchestrator_id = g.orchestrator_id and f.fact = 'status' and f.value = 'archived'
                             limit 1) archived on true
        where g.opened_until < now.ended and (archived.at is null or g.opened_until + now.period <= archived.at)
        order by g.orchestrator_id for update of g skip locked),
     moved as (
       update payments.assessment_progress g set opened_until = due.until from due
        where g.orchestrator_id = due.orchestrator_id and due.until > due.first)
     insert into payments.pending_assessment (orchestrator_id, period_start, period_end, next_attempt_at)
       select due.orchestrator_id, start, start + now.period, now.clock
         from due, now, generate_series(due.first, due.until - now.period, now.period) as start
       on conflict do nothing`,
    [reportDelayMs, perOrchestrator],
  );
}

/**
 * Claims periods that are due, the oldest first, a bounded number for each orchestrator, so that the backlog of one does
 * not delay another. A claim is a lease: it saves work, unique constraints keep the books right.
 */
export async function claimDuePeriods(tx: Sql, options: ClaimOptions): Promise<DuePeriod[]> {
  return selectRows(
    tx,
    dueRow,
    `with now as materialized (select payments.clock() as clock),
     picked as materialized (
       select d.* from payments.assessment_progress g cross join now cross join lateral (
           select p.orchestrator_id, p.period_start from payments.pending_assessment p
            where p.orchestrator_id = g.orchestrator_id and p.next_attempt_at <= now.clock
              and p.period_end + make_interval(secs => $1::numeric / 1000) <= now.clock
            order by p.period_start limit $3::int) d
        order by d.period_start, d.orchestrator_id limit $4::int),
     locked as materialized (
       select p.orchestrator_id, p.period_start from payments.pending_assessment p
         join picked using (orchestrator_id, period_start) cross join now
        where p.next_attempt_at <= now.clock
        order by p.orchestrator_id, p.period_start for update of p skip locked),
     claimed as (
       update payments.pending_assessment p
          set next_attempt_at = now.clock + make_interval(secs => $2::numeric / 1000)
         from locked, now
        where p.orchestrator_id = locked.orchestrator_id and p.period_start = locked.period_start
        returning p.*, now.clock as claimed_at)
     select c.id, c.orchestrator_id, c.period_start, c.period_end, c.attempts, c.first_attempt_at, c.claimed_at,
            o.service_uri, payments.fact_at(o.id, 'name', 'infinity') as name,
            payments.fact_at(o.id, 'worker_url', 'infinity') as worker_url,
            payments.fact_at(o.id, 'worker_address', c.period_start) as worker_address,
            payments.fact_at(o.id, 'status', c.period_start) as status, rate.*, policy.*
       from claimed c join payments.orchestrator o on o.id = c.orchestrator_id
       cross join lateral payments.rate_at(o.id, c.period_start) rate
       cross join lateral payments.policy_at(o.id, c.period_start) policy
      order by c.period_start, c.orchestrator_id`,
    [options.reportDelayMs, options.leaseMs, options.perOrchestrator, options.total],
  );
}

/** A period whose attempt brought nothing, and when to try again. */
export interface Postponement {
  orchestratorId: string;
  periodStart: Date;
  detail: string;
  attemptedAt: Date;
  nextAttemptAt: Date;
}

export async function postpone(
  sql: Sql,
  { orchestratorId, periodStart, ...attempt }: Postponement,
): Promise<void> {
  await sql.query(
    `update payments.pending_assessment
        set attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, $3), next_attempt_at = $4, last_failure = $5
      where orchestrator_id = $1 and period_start = $2`,
    [orchestratorId, periodStart, attempt.attemptedAt, attempt.nextAttemptAt, attempt.detail.slice(0, 500)],
  );
}

/** Gives claimed periods back that were not attempted. */
export async function release(sql: Sql, periods: readonly DuePeriod[]): Promise<void> {
  if (periods.length === 0) return;
  await sql.query(
    `update payments.pending_assessment p set next_attempt_at = payments.clock()
       from unnest($1::uuid[]) as given (id) where p.id = given.id`,
    [periods.map(({ id }) => id)],
  );
}
