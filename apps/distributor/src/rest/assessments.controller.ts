import { type Assessment, Assessments } from '#payments';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblem } from './problem.decorator.js';
import {
  identifier,
  iso,
  money,
  pageOf,
  pageQuery,
  percentage,
  percentOf,
  time,
  timeInput,
  usd,
} from './wire.js';

const decision = z.enum(['paid', 'unpaid', 'pending'], 'must be paid, unpaid or pending');

const assessmentSchema = z
  .object({
    id: identifier(),
    orchestrator_id: identifier(),
    period_start: time(),
    period_end: time(),
    uptime_percentage: percentage().nullable().meta({ description: 'null without evidence' }),
    decision,
    reason: z.string().nullable().meta({ description: 'Code', example: 'below_threshold' }),
    reason_text: z.string().meta({ example: 'autogen_agent was down for 31.2 s' }),
    amount_usd: money(),
    rate_usd_per_minute: money(),
    min_uptime: percentage().meta({ example: 95 }),
    evidence: z.unknown().meta({ description: 'The signed report as it came, or null' }),
  })
  .meta({ id: 'Assessment' });

const assessmentPage = pageOf(assessmentSchema, 'AssessmentPage');

const assessmentQuery = z.object({
  ...pageQuery,
  orchestrator_id: z.uuid('must be a UUID').optional(),
  from: timeInput().optional().meta({ description: 'Periods that start at or after' }),
  to: timeInput().optional().meta({ description: 'Periods that start before' }),
  decision: decision.optional(),
  evidence: z
    .enum(['true', 'false'], 'must be true or false')
    .default('true')
    .meta({ description: 'false: null instead of the reports, for pages that only list' }),
});

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
});

@ApiTags('assessments')
@ApiBearerAuth()
@Controller('api/v1/assessments')
export class AssessmentsController {
  constructor(private readonly assessments: Assessments) {}

  @Get()
  @ApiOperation({
    summary: 'Each judged period, the newest first',
    description: 'With the evidence it was judged by.',
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: assessmentPage })
  @ApiProblem(400, 401, 503)
  async list(
    @Query({ schema: assessmentQuery }) query: z.output<typeof assessmentQuery>,
  ): Promise<z.output<typeof assessmentPage>> {
    const { orchestrator_id: orchestratorId, evidence, ...filter } = query;
    const page = await this.assessments.list({ ...filter, orchestratorId });
    const items = page.items.map(toWire);
    return {
      items: evidence === 'true' ? items : items.map((item) => ({ ...item, evidence: null })),
      next_cursor: page.nextCursor,
    };
  }
}
