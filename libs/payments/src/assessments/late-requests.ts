import type { Sql } from '../books/sql-rows.js';
import type { Decision } from './decision.js';

/** The first question for late evidence comes this long after the decision. */
const FIRST_LATE_REQUEST_SECONDS = 60;

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
      FIRST_LATE_REQUEST_SECONDS,
    ],
  );
}
