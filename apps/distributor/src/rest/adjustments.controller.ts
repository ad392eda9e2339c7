import { type Adjustment, Adjustments, MAX_ADJUSTMENT_MICRO_USD, REASON_LENGTH, usdSchema } from '#payments';
import {
  Body,
  Controller,
  Get,
  Headers,
  HttpStatus,
  Post,
  Query,
  Res,
  type StreamableFile,
} from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Actor } from '../auth/actor.decorator.js';
import type { CsvColumns } from './csv/csv-chunks.js';
import { CsvExports } from './csv/csv-exports.js';
import { csvNote, datedName, JsonOrCsv } from './csv/csv.decorator.js';
import { pagedSource } from './csv/paged-source.js';
import { prefersCsv } from './csv/prefers-csv.js';
import { ApiIdempotent } from './idempotency.decorator.js';
import { ApiProblem } from './problem.decorator.js';
import { identifier, iso, money, orchestratorInput, pageOf, pageQuery, time, usd } from './wire.js';

const bound = usd(MAX_ADJUSTMENT_MICRO_USD);

const adjustSchema = z
  .strictObject({
    orchestrator_id: orchestratorInput(),
    amount_usd: usdSchema.meta({
      description: `US dollars, at most six decimals; negative takes back; not zero, at most ${bound} either way`,
      example: '-12.50',
    }),
    reason: z
      .string()
      .trim()
      .min(REASON_LENGTH.min, `must have at least ${REASON_LENGTH.min} characters`)
      .max(REASON_LENGTH.max, `must have at most ${REASON_LENGTH.max} characters`)
      .meta({ example: 'Paid outside for the outage of 21 November' }),
  })
  .meta({ id: 'Adjust' });

const adjustmentSchema = z
  .object({
    id: identifier(),
    orchestrator_id: identifier(),
    amount_usd: money().meta({ description: 'US dollars; negative: taken back', example: '-12.500000' }),
    reason: z.string().meta({ example: 'Paid outside for the outage of 21 November' }),
    actor: z.string().meta({ example: 'admin' }),
    created_at: time(),
    payable_after_usd: money().meta({
      description: 'Payable right after it, US dollars; below zero nothing is paid until it has grown again',
    }),
  })
  .meta({ id: 'Adjustment' });

const adjustmentPage = pageOf(adjustmentSchema, 'AdjustmentPage');
const adjustmentQuery = z.object({ ...pageQuery, orchestrator_id: orchestratorInput().optional() });

const toWire = (adjustment: Adjustment): z.output<typeof adjustmentSchema> => ({
  id: adjustment.id,
  orchestrator_id: adjustment.orchestratorId,
  amount_usd: usd(adjustment.amountMicroUsd),
  reason: adjustment.reason,
  actor: adjustment.actor,
  created_at: iso(adjustment.createdAt),
  payable_after_usd: usd(adjustment.payableAfterMicroUsd),
});

const columns: CsvColumns<Adjustment> = {
  id: ({ id }) => id,
  orchestrator_id: ({ orchestratorId }) => orchestratorId,
  amount_usd: ({ amountMicroUsd }) => amountMicroUsd,
  reason: ({ reason }) => reason,
  actor: ({ actor }) => actor,
  created_at: ({ createdAt }) => createdAt,
  payable_after_usd: ({ payableAfterMicroUsd }) => payableAfterMicroUsd,
};

@ApiTags('adjustments')
@ApiBearerAuth()
@Controller('api/v1/adjustments')
export class AdjustmentsController {
  constructor(
    private readonly adjustments: Adjustments,
    private readonly exports: CsvExports,
  ) {}

  @Get()
  @JsonOrCsv()
  @ApiOperation({ summary: 'Every correction, the newest first', description: csvNote })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: adjustmentPage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: adjustmentQuery }) query: z.output<typeof adjustmentQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof adjustmentPage> | StreamableFile> {
    const { orchestrator_id: orchestratorId, ...page } = query;
    if (prefersCsv(accept)) {
      const open = pagedSource((rows) => this.adjustments.list({ ...rows, orchestratorId }));
      return (await this.exports.send({ open, columns, nameOf: () => datedName('adjustments') })).file;
    }
    const { items, nextCursor } = await this.adjustments.list({ ...page, orchestratorId });
    return { items: items.map(toWire), next_cursor: nextCursor };
  }

  @Post()
  @ApiOperation({
    summary: 'Correct what is payable to an orchestrator',
    description: 'An entry of its own, never an edit; the past keeps what it was.',
  })
  @ApiIdempotent(adjustmentSchema, 'Booked')
  @ApiProblem(400, 401, 403, 404, 422, 503)
  async adjust(
    @Body({ schema: adjustSchema }) body: z.output<typeof adjustSchema>,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Actor() actor: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof adjustmentSchema>> {
    const { adjustment, created } = await this.adjustments.post(
      {
        orchestratorId: body.orchestrator_id,
        amountMicroUsd: body.amount_usd,
        reason: body.reason,
        idempotencyKey,
      },
      actor,
    );
    void reply.status(created ? HttpStatus.CREATED : HttpStatus.OK);
    return toWire(adjustment);
  }
}
