import {
  type Assessment,
  Assessments,
  type EvidenceJob,
  type LateReportRecord,
  reasonCodes,
} from '#payments';
import { Controller, Get, Headers, Param, Query, type StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { CsvColumns } from './csv/csv-chunks.js';
import { CsvExports } from './csv/csv-exports.js';
import { csvNote, datedName, JsonOrCsv } from './csv/csv.decorator.js';
import { pagedSource } from './csv/paged-source.js';
import { prefersCsv } from './csv/prefers-csv.js';
import { ApiProblem } from './problem.decorator.js';
import {
  address,
  anything,
  identifier,
  idParams,
  type IdParams,
  iso,
  money,
  orchestratorInput,
  pageOf,
  pageQuery,
  percentage,
  percentOf,
  time,
  timeInput,
  usd,
} from './wire.js';

const decision = z
  .enum(['paid', 'unpaid', 'pending'], 'must be paid, unpaid or pending')
  .meta({ description: 'pending: not judged yet' });

const reason = z.enum(reasonCodes).nullable();

const clockSkew = () =>
  z.int().nullable().meta({
    description: "How far the worker's clock was ahead (below zero: behind); null without a sound report",
    example: 120,
  });

const exchangeSchema = z.object({
  challenge: z.string().meta({ description: '32 random bytes that the report repeats' }),
  received_at: time(),
  latency_ms: z.int().meta({ description: 'How long the question took', example: 12 }),
  clock_skew_ms: clockSkew(),
});

const jobSchema = z.object({
  job_id: identifier(),
  challenge: z.string().meta({ description: 'That of the evidence which came by this job' }),
  sent_at: time(),
  latency_ms: z.int().meta({ example: 14 }),
  outcome: z.enum(['success', 'transient', 'permanent', 'unknown']).meta({
    description: 'unknown: it may have been done, and its answer was lost; transient: asked again',
  }),
  status: z.int().nullable().meta({ description: 'HTTP status of the gateway; null without an answer' }),
  done_by: z.string().nullable().meta({ description: 'The orchestrator that the gateway named' }),
  detail: z.string().meta({ description: 'Why it did not succeed; empty when it did', example: '' }),
});

const lateSchema = z.object({
  origin: z.enum(['late', 'other_replica']).meta({
    description: 'other_replica: two distributors asked at once, and the answers contradict each other',
  }),
  received_at: time(),
  clock_skew_ms: clockSkew(),
  uptime_percentage: percentage().nullable(),
  reason: reason.meta({ description: 'null: in time it would have been paid' }),
  reason_text: z.string().meta({ description: 'The reason for people' }),
  would_have_earned_usd: money(),
  worker_address: address().nullable(),
  evidence: anything('The signed report as it came'),
});

const assessmentSchema = z
  .object({
    id: identifier(),
    orchestrator_id: identifier(),
    period_start: time(),
    period_end: time(),
    uptime_percentage: percentage().nullable().meta({ description: 'null without evidence' }),
    decision,
    reason: reason.meta({ description: 'Why it was not paid', example: 'below_threshold' }),
    reason_text: z.string().meta({ example: 'autogen_agent was down for 31.2 s' }),
    amount_usd: money(),
    rate_usd_per_minute: money(),
    min_uptime: percentage().meta({ example: 95 }),
    evidence: anything('The signed report as it came, or null'),
    evidence_exchange: exchangeSchema.nullable().meta({ description: 'How it came; null without evidence' }),
    second_evidence: anything('The other report of an equivocation as it came, else null'),
    late_evidence: z
      .array(lateSchema)
      .meta({ description: 'Reports that came after the decision; paid by an adjustment only' }),
    jobs: z.array(jobSchema).meta({
      description: 'The BYOC jobs that asked for it, the latest hundred; none with EVIDENCE_SOURCE=worker',
    }),
  })
  .meta({ id: 'Assessment' });

const assessmentPage = pageOf(assessmentSchema, 'AssessmentPage');

const assessmentQuery = z.object({
  ...pageQuery,
  orchestrator_id: orchestratorInput().optional(),
  from: timeInput().optional().meta({ description: 'Periods that start at or after' }),
  to: timeInput().optional().meta({ description: 'Periods that start before' }),
  decision: decision.optional(),
  evidence: z
    .enum(['true', 'false'], 'must be true or false')
    .default('true')
    .meta({ description: 'false: null instead of the reports, for pages that only list' }),
});

const toLateWire = (late: LateReportRecord): z.output<typeof lateSchema> => ({
  origin: late.origin,
  received_at: iso(late.receivedAt),
  clock_skew_ms: late.clockSkewMs === null ? null : Number(late.clockSkewMs),
  uptime_percentage: late.uptimePercentage,
  reason: late.reason,
  reason_text: late.reasonText,
  would_have_earned_usd: usd(late.amountMicroUsd),
  worker_address: late.workerAddress,
  evidence: late.evidence,
});

const toJobWire = (job: EvidenceJob): z.output<typeof jobSchema> => ({
  job_id: job.jobId,
  challenge: job.challenge,
  sent_at: iso(job.sentAt),
  latency_ms: job.latencyMs,
  outcome: job.outcome,
  status: job.status,
  done_by: job.doneBy,
  detail: job.detail,
});

const toExchangeWire = ({ exchange }: Assessment): z.output<typeof exchangeSchema> | null =>
  exchange && {
    challenge: exchange.challenge,
    received_at: iso(exchange.receivedAt),
    latency_ms: exchange.latencyMs,
    clock_skew_ms: exchange.clockSkewMs === null ? null : Number(exchange.clockSkewMs),
  };

const toWire = (assessment: Assessment): z.output<typeof assessmentSchema> => ({
  id: assessment.id,
  orchestrator_id: assessment.orchestratorId,
  period_start: iso(assessment.periodStart),
  period_end: iso(assessment.periodEnd),
  uptime_percentage: assessment.uptimePercentage,
  decision: assessment.decision,
  reason: assessment.reason,
  reason_text: assessment.reasonText,
  amount_usd: usd(assessment.amountMicroUsd),
  rate_usd_per_minute: usd(assessment.rateMicroUsdPerMinute),
  min_uptime: percentOf(assessment.minUptimeBasisPoints),
  evidence: assessment.evidence,
  evidence_exchange: toExchangeWire(assessment),
  second_evidence: assessment.secondEvidence,
  late_evidence: assessment.lateEvidence.map(toLateWire),
  jobs: assessment.jobs.map(toJobWire),
});

const columns: CsvColumns<Assessment> = {
  id: ({ id }) => id,
  orchestrator_id: ({ orchestratorId }) => orchestratorId,
  period_start: ({ periodStart }) => periodStart,
  period_end: ({ periodEnd }) => periodEnd,
  uptime_percentage: ({ uptimePercentage }) => uptimePercentage,
  decision: ({ decision }) => decision,
  reason: ({ reason }) => reason,
  reason_text: ({ reasonText }) => reasonText,
  amount_usd: ({ amountMicroUsd }) => amountMicroUsd,
  rate_usd_per_minute: ({ rateMicroUsdPerMinute }) => rateMicroUsdPerMinute,
  min_uptime: ({ minUptimeBasisPoints }) => percentOf(minUptimeBasisPoints),
  worker_address: ({ workerAddress }) => workerAddress,
};

@ApiTags('assessments')
@ApiBearerAuth()
@Controller('api/v1/assessments')
export class AssessmentsController {
  constructor(
    private readonly assessments: Assessments,
    private readonly exports: CsvExports,
  ) {}

  @Get()
  @JsonOrCsv()
  @ApiOperation({
    summary: 'Each judged period, the newest first',
    description: `With the evidence it was judged by. ${csvNote} A file has no evidence.`,
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: assessmentPage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: assessmentQuery }) query: z.output<typeof assessmentQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof assessmentPage> | StreamableFile> {
    const { orchestrator_id: orchestratorId, evidence, ...filter } = query;
    if (prefersCsv(accept)) {
      const open = pagedSource((rows) =>
        this.assessments.list({ ...filter, ...rows, orchestratorId, withReports: false }),
      );
      return (await this.exports.send({ open, columns, nameOf: () => datedName('assessments') })).file;
    }
    const page = await this.assessments.list({
      ...filter,
      orchestratorId,
      withReports: evidence === 'true',
    });
    return { items: page.items.map(toWire), next_cursor: page.nextCursor };
  }

  @Get(':id')
  @ApiOperation({ summary: 'One judged period with its evidence' })
  @ApiResponse({ status: 200, description: 'The assessment', standardSchema: assessmentSchema })
  @ApiProblem(400, 401, 403, 404, 503)
  async get(@Param({ schema: idParams }) { id }: IdParams): Promise<z.output<typeof assessmentSchema>> {
    return toWire(await this.assessments.get(id));
  }
}
