import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { type Sql, selectRows, sqlTime } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { attemptsOf, type Decision, type HouseRules } from './decision.js';
import { groupBy } from './group-by.js';
import { asSharedWorker } from './pin-worker.js';
import { requestLateEvidence } from './late-requests.js';
import { exchangeColumns } from './stored-report.js';

/** In one statement: its parameters are written out as text, three bytes for each one of a report. */
const ROWS_AT_ONCE = 500;

const insertedRow = z.object({ id: z.uuid(), decided_at: sqlTime });

interface Recorded {
  /** Decided by this call. */
  stored: { decision: Decision; decidedAt: Date }[];
  /** Judged before by someone else: nothing to do. */
  lost: Decision[];
  /** Their time has been judged before, in a period of another length. */
  overlapping: Decision[];
}

/**
 * Stores judged periods, their evidence and what is owed for them, in the caller's transaction. A period that has been
 * stored before is left as it is: replicas and retries are harmless.
 */
export async function recordDecisions(
  tx: EntityManager,
  decisions: readonly Decision[],
  { post, rules }: { post: Ledger['post']; rules: HouseRules },
): Promise<Recorded> {
  // A connection plans the checks of its foreign keys once, perhaps while the tables are still small, and would then read
  // them from end to end for every row.
  await tx.query('set local enable_seqscan = off');
  const first = await insertAssessments(tx, decisions, rules);
  let stored = decisions.filter(({ due }) => first.has(due.id));
  const refused = decisions.filter(({ due }) => !first.has(due.id));
  const lost = await findDecided(tx, refused);

  // What is left collides with another orchestrator's worker, or with a period of another length.
  const second = refused
    .filter((decision) => !lost.has(decision))
    .map((decision) => (decision.judgement.decision === 'paid' ? asSharedWorker(decision, null) : decision));
  const unpaid = await insertAssessments(tx, second, rules);
  stored = [...stored, ...second.filter(({ due }) => unpaid.has(due.id))];

  await insertEvidence(tx, stored);
  await insertSecondEvidence(tx, stored);
  await requestLateEvidence(tx, stored);
  await postAccruals(tx, stored, post);
  await tx.query('delete from payments.pending_assessment where id = any ($1::uuid[])', [
    decisions.map(({ due }) => due.id),
  ]);
  const decidedAt = new Map([...first, ...unpaid]);
  return {
    stored: stored.flatMap((decision) => {
      const at = decidedAt.get(decision.due.id);
      return at ? [{ decision, decidedAt: at }] : [];
    }),
    lost: [...lost],
    overlapping: second.filter(({ due }) => !unpaid.has(due.id)),
  };
}

function* inParts<T>(rows: readonly T[]): Generator<T[]> {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) yield rows.slice(from, from + ROWS_AT_ONCE);
}

const byPayee = ({ due: a }: Decision, { due: b }: Decision): number =>
  a.orchestrator_id === b.orchestrator_id
    ? a.period_start.getTime() - b.period_start.getTime()
    : a.orchestrator_id < b.orchestrator_id
      ? -1
      : 1;

/** Ids that were inserted. Ordered, so that two replicas with the same periods do not lock each other out. */
async function insertAssessments(
  tx: Sql,
  decisions: readonly Decision[],
  rules: HouseRules,
): Promise<Map<string, Date>> {
  const inserted = new Map<string, Date>();
  for (const part of inParts([...decisions].sort(byPayee))) {
    for (const { id, decided_at } of await insertPart(tx, part, rules)) inserted.set(id, decided_at);
  }
  return inserted;
}

function insertPart(
  tx: Sql,
  decisions: readonly Decision[],
  rules: HouseRules,
): Promise<z.output<typeof insertedRow>[]> {
  const column = <T>(pick: (decision: Decision) => T): T[] => decisions.map(pick);
  return selectRows(
    tx,
    insertedRow,
    `insert into payments.assessment (id, orchestrator_id, period_start, period_end, decision, reason, reason_text,
         up_ms, window_ms, amount_micro_usd, rate_id, rate_micro_usd_per_minute, policy_id, own_policy_id, threshold_bp,
         worker_address, attempts, first_attempt_at, exclusive_worker, required_capability)
       select *, $19::boolean, $20::text from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[],
         $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
         $15::int[], $16::text[], $17::int[], $18::timestamptz[]) as d (id, orchestrator_id, period_start)
        order by d.orchestrator_id, d.period_start
       on conflict do nothing returning id, decided_at`,
    [
      column(({ due }) => due.id),
      column(({ due }) => due.orchestrator_id),
      column(({ due }) => due.period_start),
      column(({ due }) => due.period_end),
      column(({ judgement }) => judgement.decision),
      column(({ judgement }) => judgement.reason),
      column(({ judgement }) => judgement.reasonText.slice(0, 4_000)),
      column(({ judgement }) => judgement.uptime?.upMs.toString() ?? null),
      column(({ judgement }) => judgement.uptime?.windowMs.toString() ?? null),
      column(({ judgement }) => judgement.amountMicroUsd.toString()),
      column(({ due }) => due.rate_id.toString()),
      column(({ due }) => due.micro_usd_per_minute.toString()),
      column(({ due }) => due.policy_id.toString()),
      column(({ due }) => due.own_policy_id?.toString() ?? null),
      column(({ due }) => due.threshold_bp.toString()),
      column(({ judgement }) => judgement.signer),
      column(attemptsOf),
      column(({ firstAttemptAt }) => firstAttemptAt),
      rules.exclusive,
      rules.capability,
    ],
  );
}

async function findDecided(tx: Sql, decisions: readonly Decision[]): Promise<Set<Decision>> {
  if (decisions.length === 0) return new Set();
  const rows = await selectRows(
    tx,
    z.object({ orchestrator_id: z.uuid(), period_start: sqlTime }),
    `select a.orchestrator_id, a.period_start from payments.assessment a
       join unnest($1::uuid[], $2::timestamptz[]) as d (orchestrator_id, period_start) using (orchestrator_id, period_start)`,
    [decisions.map(({ due }) => due.orchestrator_id), decisions.map(({ due }) => due.period_start)],
  );
  const key = (id: string, start: Date): string => `${id}/${start.getTime()}`;
  const decided = new Set(rows.map((row) => key(row.orchestrator_id, row.period_start)));
  return new Set(decisions.filter(({ due }) => decided.has(key(due.orchestrator_id, due.period_start))));
}

async function insertEvidence(tx: Sql, decisions: readonly Decision[]): Promise<void> {
  const all = decisions.flatMap(({ due, evidence, judgement }) =>
    evidence.kind === 'report' ? [{ id: due.id, exchange: evidence.first, judgement }] : [],
  );
  for (const reported of inParts(all)) {
    await tx.query(
      `insert into payments.evidence (assessment_id, challenge, received_at, latency_ms, report, clock_skew_ms)
         select * from unnest($1::uuid[], $2::bytea[], $3::timestamptz[], $4::int[], $5::bytea[], $6::bigint[])`,
      [
        ...exchangeColumns(reported),
        reported.map(({ judgement: { clockSkewMs } }) => clockSkewMs?.toString() ?? null),
      ],
    );
  }
}

/** Both reports of an equivocation are kept. */
async function insertSecondEvidence(tx: Sql, decisions: readonly Decision[]): Promise<void> {
  const twice = decisions.flatMap(({ due, evidence, judgement }) =>
    evidence.kind === 'report' && evidence.second && judgement.reason === 'equivocation'
      ? [{ id: due.id, exchange: evidence.second }]
      : [],
  );
  if (twice.length === 0) return;
  await tx.query(
    `insert into payments.second_evidence (assessment_id, challenge, received_at, latency_ms, report)
       select * from unnest($1::uuid[], $2::bytea[], $3::timestamptz[], $4::int[], $5::bytea[])`,
    exchangeColumns(twice),
  );
}

/** One journal entry for each period start; its time is the period's start, so that a day holds exactly its periods. */
async function postAccruals(
  tx: EntityManager,
  decisions: readonly Decision[],
  post: Ledger['post'],
): Promise<void> {
  const owed = decisions
    .filter(({ judgement }) => judgement.amountMicroUsd > 0n)
    .sort((a, b) => (a.due.id < b.due.id ? -1 : 1));
  const byStart = groupBy(owed, ({ due }) => due.period_start.getTime());
  for (const startMs of [...byStart.keys()].sort((a, b) => a - b)) {
    const group = byStart.get(startMs) ?? [];
    const start = new Date(startMs);
    await post(tx, {
      kind: 'accrual',
      idempotencyKey: `accrual/${start.toISOString()}/${group[0]?.due.id ?? ''}`,
      effectiveAt: start,
      transfers: group.map(({ due, judgement }) => ({
        debit: account.rewards(due.orchestrator_id),
        credit: account.payable(due.orchestrator_id),
        amountMicroUsd: judgement.amountMicroUsd,
      })),
    });
  }
}
