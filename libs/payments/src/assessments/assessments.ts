import { Injectable } from '@nestjs/common';
import { z } from 'zod';

import { floorPercentage } from '#monitoring';
import { type Hex } from '#platform';
import { Database } from '#platform/database';

import { NotFoundError } from '../books/errors.js';
import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import type { EvidenceJob } from '../evidence-jobs/evidence-job.js';
import { addEvidenceJobs } from '../evidence-jobs/evidence-jobs.js';
import type { AssessmentRecord } from './assessment.js';
import { addKeptReports, type LateReportRecord } from './kept-reports.js';
import { reasonCodes } from './reason.js';
import { decompressReport } from './stored-report.js';

/** How the evidence came. */
export interface ExchangeFacts {
  challenge: Hex;
  receivedAt: Date;
  latencyMs: number;
  /** How far the worker's clock was ahead (below zero: behind); null without a report that the worker signed. */
  clockSkewMs: bigint | null;
}

export interface Assessment extends AssessmentRecord {
  /** The signed report as it arrived (JSON of the wire); null without one, or when reports were not asked for. */
  evidence: unknown;
  /** Null without evidence. */
  exchange: ExchangeFacts | null;
  /** The other report of an equivocation, as it arrived. */
  secondEvidence: unknown;
  /** What came after the decision. */
  lateEvidence: LateReportRecord[];
  /** The BYOC jobs that asked for it, where it was asked for through the gateway. */
  jobs: EvidenceJob[];
}

export interface AssessmentFilter extends PageRequest {
  orchestratorId?: string | undefined;
  /** Periods that start in `[from, to)`. */
  from?: Date | undefined;
  to?: Date | undefined;
  decision?: 'paid' | 'unpaid' | 'pending' | undefined;
  /** False: no reports, which are the larger part of the work. */
  withReports?: boolean | undefined;
}

const assessmentRow = z.object({
  id: z.uuid(),
  orchestrator_id: z.uuid(),
  orchestrator_name: z.string(),
  period_start: sqlTime,
  period_end: sqlTime,
  decision: z.enum(['paid', 'unpaid', 'pending']),
  reason: z.enum(reasonCodes).nullable(),
  reason_text: z.string(),
  up_ms: sqlBigint.nullable(),
  window_ms: sqlBigint.nullable(),
  amount_micro_usd: sqlBigint,
  micro_usd_per_minute: sqlBigint,
  threshold_bp: z.int().transform(BigInt),
  worker_address: z.string().nullable(),
  attempts: z.int(),
  decided_at: sqlTime.nullable(),
  challenge: z.instanceof(Buffer).nullable(),
  received_at: sqlTime.nullable(),
  latency_ms: z.int().nullable(),
  clock_skew_ms: sqlBigint.nullable(),
  report: z.instanceof(Buffer).nullable(),
});

const cursorKey = z.tuple([z.iso.datetime().transform((text) => new Date(text)), z.uuid()]);

const decided = `
  select a.id, a.orchestrator_id, a.period_start, a.period_end, a.decision, a.reason, a.reason_text, a.up_ms, a.window_ms,
         a.amount_micro_usd, a.rate_micro_usd_per_minute as micro_usd_per_minute, a.threshold_bp, a.worker_address,
         a.attempts, a.decided_at
    from payments.assessment a`;

/** The rate and the threshold that will decide; nothing is owed yet. */
const pending = `
  select p.id, p.orchestrator_id, p.period_start, p.period_end, 'pending', null,
         coalesce('No report yet: ' || p.last_failure, 'No report yet.'), null::bigint, null::bigint,
         0::bigint, rate.micro_usd_per_minute, policy.threshold_bp, null, p.attempts, null::timestamptz
    from payments.pending_assessment p
    cross join lateral payments.rate_at(p.orchestrator_id, p.period_start) rate
    cross join lateral payments.policy_at(p.orchestrator_id, p.period_start) policy`;

const condition = (row: string): string => `
   where ($1::uuid is null or ${row}.orchestrator_id = $1)
     and ($2::timestamptz is null or ${row}.period_start >= $2) and ($3::timestamptz is null or ${row}.period_start < $3)
     and ($4::timestamptz is null or (${row}.period_start, ${row}.orchestrator_id) < ($4, $5::uuid))`;

const order = 'order by period_start desc, orchestrator_id desc limit $7';

const nameAndEvidence = (withReports: string): string =>
  `payments.fact_at(t.orchestrator_id, 'name', 'infinity') as orchestrator_name, e.challenge, e.received_at, e.latency_ms,
   e.clock_skew_ms, case when ${withReports}::boolean then e.report end as report`;

const listQuery = `
  select t.*, ${nameAndEvidence('$8')} from (
    (${decided} ${condition('a')} and ($6::text is null or a.decision = $6) ${order})
    union all
    (${pending} ${condition('p')} and ($6::text is null or $6 = 'pending') ${order})
    ${order}) t
  left join payments.evidence e on e.assessment_id = t.id
  order by t.period_start desc, t.orchestrator_id desc`;

const toAssessment = (row: z.output<typeof assessmentRow>): Assessment => ({
  id: row.id,
  orchestratorId: row.orchestrator_id,
  orchestratorName: row.orchestrator_name,
  periodStart: row.period_start,
  periodEnd: row.period_end,
  upMs: row.up_ms,
  windowMs: row.window_ms,
  uptimePercentage:
    row.up_ms === null || row.window_ms === null
      ? null
      : floorPercentage({ upMs: row.up_ms, windowMs: row.window_ms }),
  decision: row.decision,
  reason: row.reason,
  reasonText: row.reason_text,
  amountMicroUsd: row.amount_micro_usd,
  rateMicroUsdPerMinute: row.micro_usd_per_minute,
  minUptimeBasisPoints: row.threshold_bp,
  workerAddress: row.worker_address,
  attempts: row.attempts,
  decidedAt: row.decided_at,
  evidence: row.report && decompressReport(row.report),
  exchange:
    row.challenge === null || row.received_at === null || row.latency_ms === null
      ? null
      : {
          challenge: `0x${row.challenge.toString('hex')}`,
          receivedAt: row.received_at,
          latencyMs: row.latency_ms,
          clockSkewMs: row.clock_skew_ms,
        },
  secondEvidence: null,
  lateEvidence: [],
  jobs: [],
});

@Injectable()
export class Assessments {
  constructor(private readonly database: Database) {}

  /** The latest period first; pending ones are among them, with the id that they will keep. */
  async list(filter: AssessmentFilter = {}): Promise<Page<Assessment>> {
    const limit = pageLimit(filter);
    const [start, orchestratorId] = decodeCursor(filter, cursorKey) ?? [];
    const rows = await selectRows(ready(this.database), assessmentRow, listQuery, [
      filter.orchestratorId ?? null,
      filter.from ?? null,
      filter.to ?? null,
      start ?? null,
      orchestratorId ?? null,
      filter.decision ?? null,
      limit + 1,
      filter.withReports ?? true,
    ]);
    const assessments = rows.map(toAssessment);
    await addKeptReports(ready(this.database), assessments, filter.withReports ?? true);
    await addEvidenceJobs(ready(this.database), assessments);
    return toPage(assessments, limit, (item) => [item.periodStart.toISOString(), item.orchestratorId]);
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<Assessment> {
    const row = await selectRow(
      ready(this.database),
      assessmentRow,
      `select t.*, ${nameAndEvidence('true')} from (${decided} where a.id = $1 union all ${pending} where p.id = $1) t
         left join payments.evidence e on e.assessment_id = t.id limit 1`,
      [id],
    );
    if (!row) throw new NotFoundError('assessment', id);
    const assessment = toAssessment(row);
    await addKeptReports(ready(this.database), [assessment], true);
    await addEvidenceJobs(ready(this.database), [assessment]);
    return assessment;
  }

  /** End of the last period that was decided for anyone; null on new books. */
  async lastPeriodEnd(): Promise<Date | null> {
    const row = await selectRow(
      ready(this.database),
      z.object({ period_end: sqlTime }),
      'select period_end from payments.assessment order by period_start desc, orchestrator_id desc limit 1',
    );
    return row?.period_end ?? null;
  }
}
