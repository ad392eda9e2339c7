import { z } from 'zod';

import { floorPercentage } from '#monitoring';

import { type Sql, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { type ReasonCode, reasonCodes } from './reason.js';
import { decompressReport } from './stored-report.js';

/** A report that came after the decision, and what it would have led to in time. */
export interface LateReportRecord {
  /** `other_replica`: two distributors asked at once, and the answers contradict each other. */
  origin: 'late' | 'other_replica';
  receivedAt: Date;
  clockSkewMs: bigint | null;
  /** Null: it would have been paid. */
  reason: ReasonCode | null;
  reasonText: string;
  uptimePercentage: number | null;
  amountMicroUsd: bigint;
  workerAddress: string | null;
  /** As it arrived. */
  evidence: unknown;
}

const secondRow = z.object({ assessment_id: z.uuid(), report: z.instanceof(Buffer) });

const lateRow = z.object({
  assessment_id: z.uuid(),
  origin: z.enum(['late', 'other_replica']),
  received_at: sqlTime,
  clock_skew_ms: sqlBigint.nullable(),
  reason: z.enum(reasonCodes).nullable(),
  reason_text: z.string(),
  up_ms: sqlBigint.nullable(),
  window_ms: sqlBigint.nullable(),
  amount_micro_usd: sqlBigint,
  worker_address: z.string().nullable(),
  report: z.instanceof(Buffer),
});

const toRecord = (row: z.output<typeof lateRow>, withReports: boolean): LateReportRecord => ({
  origin: row.origin,
  receivedAt: row.received_at,
  clockSkewMs: row.clock_skew_ms,
  reason: row.reason,
  reasonText: row.reason_text,
  uptimePercentage:
    row.up_ms === null || row.window_ms === null
      ? null
      : floorPercentage({ upMs: row.up_ms, windowMs: row.window_ms }),
  amountMicroUsd: row.amount_micro_usd,
  workerAddress: row.worker_address,
  evidence: withReports ? decompressReport(row.report) : null,
});

interface WithKeptReports {
  id: string;
  secondEvidence: unknown;
  lateEvidence: LateReportRecord[];
}

/** Adds to decided periods what is kept of them beside the report that decided. Few have any. */
export async function addKeptReports(
  sql: Sql,
  assessments: readonly WithKeptReports[],
  withReports: boolean,
): Promise<void> {
  if (assessments.length === 0) return;
  const byId = new Map(assessments.map((assessment) => [assessment.id, assessment]));
  const ids = [...byId.keys()];
  const late = await selectRows(
    sql,
    lateRow,
    `select assessment_id, origin, received_at, clock_skew_ms, reason, reason_text, up_ms, window_ms, amount_micro_usd,
            worker_address, report
       from payments.late_evidence where assessment_id = any ($1::uuid[]) order by id`,
    [ids],
  );
  for (const row of late) byId.get(row.assessment_id)?.lateEvidence.push(toRecord(row, withReports));
  if (!withReports) return;
  const second = await selectRows(
    sql,
    secondRow,
    'select assessment_id, report from payments.second_evidence where assessment_id = any ($1::uuid[])',
    [ids],
  );
  for (const { assessment_id: id, report } of second) {
    const assessment = byId.get(id);
    if (assessment) assessment.secondEvidence = decompressReport(report);
  }
}
