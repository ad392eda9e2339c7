import { z } from 'zod';

import { assess, type Judgement } from '../assessments/assess.js';
import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import type { Check, Findings } from './finding.js';
import { judgementProblems, type StoredJudgement } from './judgement-problems.js';
import { type StoredAssessment, storedAssessmentRow, storedAssessmentsQuery } from './stored-assessment.js';
import { storedEvidence, storedTerms } from './stored-evidence.js';

/** Each with a report of up to a quarter of a megabyte, mostly half a kilobyte. */
const ROWS_PER_BATCH = 500;

/** Every assessment, judged anew by the same pure function from the stored evidence, policy and rate. */
export const evidenceCheck: Check<{ sql: Sql }> = {
  name: 'evidence',
  run: async ({ sql }, findings) => {
    let [rows, reports, unproven, after] = [0, 0, 0, -(2n ** 63n)];
    for (;;) {
      const batch = await selectRows(sql, storedAssessmentRow, storedAssessmentsQuery, [
        after.toString(),
        ROWS_PER_BATCH,
      ]);
      const last = batch.at(-1);
      if (!last) break;
      for (const stored of batch) {
        await checkAssessment(sql, stored, findings);
        if (stored.report) reports += 1;
        if (stored.reason === 'no_evidence') unproven += 1;
      }
      rows += batch.length;
      after = last.seq;
      findings.progress(`${rows} assessments`);
    }
    for (const table of ['payments.evidence', 'payments.second_evidence']) {
      await checkStrayEvidence(sql, table, findings);
    }
    if (unproven > 0) {
      const periods = unproven === 1 ? 'one period' : `${unproven} periods`;
      findings.note(`${periods} without evidence: that none could be had cannot be proven afterwards`);
    }
    return `${rows} assessments judged anew, from ${reports} reports`;
  },
};

async function checkAssessment(sql: Sql, stored: StoredAssessment, findings: Findings): Promise<void> {
  const add = (problem: string): void => {
    findings.add('payments.assessment', `id=${stored.id}`, problem);
  };
  for (const problem of versionProblems(stored)) add(problem);
  const evidence = storedEvidence(stored);
  if ('problem' in evidence) {
    findings.add(evidence.table, evidence.row, evidence.problem);
    return;
  }
  const terms = storedTerms(stored);
  if (!terms) {
    add('cannot be judged: its rate or its policy is gone or malformed');
    return;
  }
  let judged: Judgement;
  try {
    judged = assess(evidence, terms);
    if (isDecidedBeforePin(stored, judged)) judged = assess(evidence, { ...terms, workerAddress: null });
  } catch (error) {
    add(`cannot be judged: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  for (const problem of judgementProblems(judgementOf(stored), judged)) add(problem);
  if (judged.decision === 'paid' && !(await hasOtherPayee(sql, stored, judged))) {
    add(`is unpaid as ${stored.reason ?? ''}, but there is no other payee`);
  }
}

/** What was decided before the first worker was pinned knew of none: only what was not paid can be like that. */
const isDecidedBeforePin = (stored: StoredAssessment, judged: Judgement): boolean =>
  stored.decision === 'unpaid' &&
  stored.worker_is_pinned === true &&
  judged.reason === 'wrong_worker' &&
  stored.reason !== 'wrong_worker';

/** The versions that the assessment names must be those in force at its start, and say what it says. */
function versionProblems(stored: StoredAssessment): string[] {
  const checks: readonly (readonly [string, bigint | number, bigint | number | null])[] = [
    ['rate', stored.rate_id, stored.rate_in_force],
    ['policy', stored.policy_id, stored.policy_in_force],
    ['rate per minute', stored.rate_said, stored.rate_micro_usd],
    ['threshold', stored.threshold_said, stored.threshold_bp],
  ];
  const faults = checks
    .filter(([, said, is]) => said !== is)
    .map(([what, said, is]) => `its ${what} is ${said}, in force was ${is ?? 'none'}`);
  const { own_policy_id: own, own_policy_in_force: ownInForce } = stored;
  if (own !== ownInForce)
    faults.push(`its own policy is ${own ?? 'none'}, in force was ${ownInForce ?? 'none'}`);
  return faults;
}

/** Where the reason is another payee: whether the books know of one. */
async function hasOtherPayee(sql: Sql, stored: StoredAssessment, { stack }: Judgement): Promise<boolean> {
  if (stored.reason === 'shared_worker') return stored.has_shared_worker;
  if (stored.reason !== 'shared_stack') return true;
  const row = await selectRow(
    sql,
    z.object({ found: z.boolean() }),
    `select exists (select 1 from payments.stack_claim c join unnest($1::text[], $2::text[]) as s (kind, claimed_id)
                      using (kind, claimed_id) where c.orchestrator_id <> $3) as found`,
    [stack.map(({ kind }) => kind), stack.map(({ claimedId }) => claimedId), stored.orchestrator_id],
  );
  return row?.found ?? false;
}

const judgementOf = (stored: StoredAssessment): StoredJudgement => ({
  decision: stored.decision,
  reason: stored.reason,
  upMs: stored.up_ms,
  windowMs: stored.window_ms,
  amountMicroUsd: stored.amount_micro_usd,
  workerAddress: stored.worker_address,
});

/** Evidence of an assessment that does not exist. */
async function checkStrayEvidence(sql: Sql, table: string, findings: Findings): Promise<void> {
  const rows = await selectRows(
    sql,
    z.object({ assessment_id: z.guid(), found: sqlBigint }),
    `select e.assessment_id, count(*) over () as found from ${table} e
      where not exists (select 1 from payments.assessment a where a.id = e.assessment_id) limit 50`,
  );
  findings.addCounted(
    rows.map(({ assessment_id: id }) => ({
      table,
      row: `assessment_id=${id}`,
      problem: 'belongs to no assessment',
    })),
    Number(rows[0]?.found ?? 0n),
  );
}
