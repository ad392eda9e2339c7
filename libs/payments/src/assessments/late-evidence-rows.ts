import type { Sql } from '../books/sql-rows.js';
import type { Judgement } from './assess.js';
import { exchangeColumns, type JudgedExchange } from './stored-report.js';

export interface LateReport {
  assessmentId: string;
  exchange: JudgedExchange;
  /** What would have been decided by it in time. */
  judgement: Judgement;
}

/** Keeps reports that came after the decision. */
export async function insertLateEvidence(
  tx: Sql,
  reports: readonly LateReport[],
  origin: 'late' | 'other_replica',
): Promise<void> {
  if (reports.length === 0) return;
  const column = <T>(pick: (judgement: Judgement) => T): T[] =>
    reports.map(({ judgement }) => pick(judgement));
  await tx.query(
    `insert into payments.late_evidence (assessment_id, challenge, received_at, latency_ms, report, clock_skew_ms, reason,
         reason_text, up_ms, window_ms, amount_micro_usd, worker_address, origin)
       select *, $13::text from unnest($1::uuid[], $2::bytea[], $3::timestamptz[], $4::int[], $5::bytea[], $6::bigint[],
         $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[]) on conflict do nothing`,
    [
      ...exchangeColumns(reports.map(({ assessmentId, exchange }) => ({ id: assessmentId, exchange }))),
      column(({ clockSkewMs }) => clockSkewMs?.toString() ?? null),
      column(({ reason }) => reason),
      column(({ reasonText }) => reasonText.slice(0, 4_000)),
      column(({ uptime }) => uptime?.upMs.toString() ?? null),
      column(({ uptime }) => uptime?.windowMs.toString() ?? null),
      column(({ amountMicroUsd }) => amountMicroUsd.toString()),
      column(({ signer }) => signer),
      origin,
    ],
  );
}
