import { z } from 'zod';

import { uptimeAggregations } from '#monitoring';

import { type Sql, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { termsInForce } from './terms-in-force.js';

/** What SQL with `termsInForce` answers. */
export const dueRow = z.object({
  id: z.uuid(),
  orchestrator_id: z.uuid(),
  period_start: sqlTime,
  period_end: sqlTime,
  attempts: z.int(),
  first_attempt_at: sqlTime.nullable(),
  /** Questions in a row that this orchestrator's worker has left unanswered. */
  failures: z.int(),
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
  /** How long after its first attempt a period without evidence is given up. */
  graceSeconds: number;
  perOrchestrator: number;
  total: number;
  /** Orchestrators that this process is asking already. */
  except: readonly string[];
}

const openedRow = z.object({ orchestrators: z.int() });

export interface OpenOptions extends Pick<ClaimOptions, 'reportDelayMs' | 'perOrchestrator'> {
  orchestrators: number;
}

/**
 * Puts every whole period that has ended into the work queue, by the database's clock: from the first full one after
 * the record was made (or the last one opened) to now or to the archive. At most `perOrchestrator` at a time, of so many
 * `orchestrators`, those first whose periods have waited longest.
 * @returns of how many orchestrators
 */
export async function openEndedPeriods(
  tx: Sql,
  { reportDelayMs, perOrchestrator, orchestrators }: OpenOptions,
): Promise<number> {
  const rows = await selectRows(
    tx,
    openedRow,
    `with now as (
       select period_seconds as seconds, make_interval(secs => period_seconds) as period, c.clock,
              payments.period_floor(c.clock - make_interval(secs => $1::numeric / 1000), period_seconds) as ended
         from payments.book, (select payments.clock() as clock) c),
     due as (
       select g.orchestrator_id, g.opened_until as first, ahead.until
         from payments.assessment_progress g
         cross join now
         left join lateral (select effective_from as at from payments.orchestrator_fact f
                             where f.orchestrator_id = g.orchestrator_id and f.fact = 'status' and f.value = 'archived'
                             limit 1) archived on true
         cross join lateral (
           select least(now.ended, g.opened_until + now.period * $2::int,
                        payments.period_floor(coalesce(archived.at, now.ended), now.seconds)) as until) ahead
        where g.opened_until < now.ended and g.opened_until < ahead.until
        order by g.opened_until, g.orchestrator_id limit $3::int for update of g skip locked),
     moved as (
       update payments.assessment_progress g set opened_until = due.until from due
        where g.orchestrator_id = due.orchestrator_id),
     opened as (
       insert into payments.pending_assessment (orchestrator_id, period_start, period_end, next_attempt_at)
         select due.orchestrator_id, start, start + now.period, now.clock
           from due, now, generate_series(due.first, due.until - now.period, now.period) as start
         on conflict do nothing)
     select count(*)::int as orchestrators from due`,
    [reportDelayMs, perOrchestrator, orchestrators],
  );
  return rows[0]?.orchestrators ?? 0;
}

/** Of one orchestrator: what may be attempted now. */
const ripe = `p.orchestrator_id = g.orchestrator_id and p.next_attempt_at <= now.clock
              and p.period_end + make_interval(secs => $1::numeric / 1000) <= now.clock`;
const isGivenUp = `coalesce(p.first_attempt_at + make_interval(secs => $6::int) <= now.clock, false)`;

/**
 * Claims periods that are due, the oldest first, a bounded number for each orchestrator, so that the backlog of one does
 * not delay another. Of an orchestrator that did not answer lately it claims nothing before its time (`retry_at`) and then
 * a single period, besides those whose grace is over. A claim is a lease: it saves work, unique constraints keep the
 * books right.
 */
export async function claimDuePeriods(tx: Sql, options: ClaimOptions): Promise<DuePeriod[]> {
  const rows = await selectRows(
    tx,
    dueRow,
    `with now as materialized (select payments.clock() as clock),
     picked as materialized (
       select d.*, g.failures from payments.assessment_progress g cross join now cross join lateral (
           (select p.orchestrator_id, p.period_start from payments.pending_assessment p
             where g.failures = 0 and ${ripe} order by p.period_start limit $3::int)
           union all
           (select p.orchestrator_id, p.period_start from payments.pending_assessment p
             where g.failures > 0 and ${ripe} and not ${isGivenUp} order by p.next_attempt_at, p.period_start limit 1)
           union all
           (select p.orchestrator_id, p.period_start from payments.pending_assessment p
             where g.failures > 0 and ${ripe} and ${isGivenUp} order by p.period_start limit $3::int)) d
        where g.retry_at <= now.clock and g.orchestrator_id <> all ($5::uuid[])
        order by d.period_start, d.orchestrator_id limit $4::int),
     locked as materialized (
       select p.orchestrator_id, p.period_start, picked.failures from payments.pending_assessment p
         join picked using (orchestrator_id, period_start) cross join now
        where p.next_attempt_at <= now.clock
        order by p.orchestrator_id, p.period_start for update of p skip locked),
     claimed as (
       update payments.pending_assessment p
          set next_attempt_at = now.clock + make_interval(secs => $2::numeric / 1000)
         from locked, now
        where p.orchestrator_id = locked.orchestrator_id and p.period_start = locked.period_start
        returning p.id, p.orchestrator_id, p.period_start, p.period_end, p.attempts, p.first_attempt_at,
                  locked.failures, now.clock as claimed_at),
     ${termsInForce('claimed')}
     order by period_start, orchestrator_id`,
    [
      options.reportDelayMs,
      options.leaseMs,
      options.perOrchestrator,
      options.total,
      options.except,
      options.graceSeconds,
    ],
  );
  return shareServices(rows);
}

/** Most orchestrators have one policy: ten thousand rows need not hold its names ten thousand times. */
function shareServices(rows: DuePeriod[]): DuePeriod[] {
  const known = new Map<string, string[]>();
  for (const row of rows) {
    const key = JSON.stringify(row.required_services);
    const shared = known.get(key);
    if (shared) row.required_services = shared;
    else known.set(key, row.required_services);
  }
  return rows;
}
