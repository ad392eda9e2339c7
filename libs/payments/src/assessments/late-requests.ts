import { type Sql, selectRows } from '../books/sql-rows.js';
import type { Decision } from './decision.js';
import { type DuePeriod, dueRow } from './due-periods.js';
import { termsInForce } from './terms-in-force.js';

/** The first question for late evidence comes this long after the decision; each next one after twice the time. */
const FIRST_WAIT_SECONDS = 60;
const LONGEST_WAIT_SECONDS = 21_600;
/** Older periods are not asked about any more. */
const DAYS_ASKED = 30;
const FORGOTTEN_AT_ONCE = 1_000;

/** Periods that were given up without evidence: it may still turn up. */
export async function requestLateEvidence(tx: Sql, decisions: readonly Decision[]): Promise<void> {
  const without = decisions.filter(({ judgement }) => judgement.reason === 'no_evidence');
  if (without.length === 0) return;
  await tx.query(
    `insert into payments.late_request (assessment_id, orchestrator_id, period_start, period_end, next_attempt_at)
       select *, payments.clock() + make_interval(secs => $5::int)
         from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) on conflict do nothing`,
    [
      without.map(({ due }) => due.id),
      without.map(({ due }) => due.orchestrator_id),
      without.map(({ due }) => due.period_start),
      without.map(({ due }) => due.period_end),
      FIRST_WAIT_SECONDS,
    ],
  );
}

/**
 * Claims requests of orchestrators whose workers answer at present, a few of each. The time of the next attempt is set at
 * once: it is the lease and the backoff.
 */
export async function claimLateRequests(
  tx: Sql,
  { perOrchestrator, total }: { perOrchestrator: number; total: number },
): Promise<DuePeriod[]> {
  await tx.query(
    `delete from payments.late_request where assessment_id in (
       select assessment_id from payments.late_request
        where period_end < payments.clock() - make_interval(days => $1::int) limit $2::int for update skip locked)`,
    [DAYS_ASKED, FORGOTTEN_AT_ONCE],
  );
  return selectRows(
    tx,
    dueRow,
    `with now as materialized (select payments.clock() as clock),
     picked as materialized (
       select d.assessment_id from payments.assessment_progress g cross join now cross join lateral (
           select l.assessment_id, l.next_attempt_at from payments.late_request l
            where l.orchestrator_id = g.orchestrator_id and l.next_attempt_at <= now.clock
            order by l.next_attempt_at limit $1::int) d
        where g.failures = 0 order by d.next_attempt_at limit $2::int),
     locked as materialized (
       select l.assessment_id from payments.late_request l join picked using (assessment_id) cross join now
        where l.next_attempt_at <= now.clock for update of l skip locked),
     claimed as (
       update payments.late_request l
          set attempts = attempts + 1,
              next_attempt_at = now.clock + make_interval(secs => least($4::numeric, $3::numeric * power(2, least(attempts, 20)))::int)
         from locked, now where l.assessment_id = locked.assessment_id
        returning l.assessment_id as id, l.orchestrator_id, l.period_start, l.period_end, l.attempts,
                  null::timestamptz as first_attempt_at, 0 as failures, now.clock as claimed_at),
     ${termsInForce('claimed')}
     order by period_start, orchestrator_id`,
    [perOrchestrator, total, FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS],
  );
}

/** What was asked for has come. */
export async function closeLateRequests(tx: Sql, assessmentIds: readonly string[]): Promise<void> {
  await tx.query('delete from payments.late_request where assessment_id = any ($1::uuid[])', [assessmentIds]);
}
