import { Payouts } from '#payments';
import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Query,
  type StreamableFile,
} from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Actor } from '../auth/actor.decorator.js';
import { CsvExports } from './csv/csv-exports.js';
import { csvNote, datedName, JsonOrCsv } from './csv/csv.decorator.js';
import { prefersCsv } from './csv/prefers-csv.js';
import {
  historyToWire,
  markPaidSchema,
  paymentColumns,
  paymentSchema,
  paymentHistorySchema,
  paymentPage,
  paymentQuery,
  paymentToWire,
} from './payments.wire.js';
import { ApiProblem } from './problem.decorator.js';
import { idParams, type IdParams } from './wire.js';

type PaymentAnswer = z.output<typeof paymentSchema>;

@ApiTags('payments')
@ApiBearerAuth()
@Controller('api/v1/payments')
export class PaymentsController {
  constructor(
    private readonly payouts: Payouts,
    private readonly exports: CsvExports,
  ) {}

  @Get()
  @JsonOrCsv()
  @ApiOperation({
    summary: 'Payout history, the newest first',
    description: csvNote,
  })
  @ApiResponse({
    status: 200,
    description: 'One page; with `Accept: text/csv` all pages as a file',
    standardSchema: paymentPage,
  })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: paymentQuery }) query: z.output<typeof paymentQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof paymentPage> | StreamableFile> {
    const { orchestrator_id: orchestratorId, ...filter } = query;
    if (prefersCsv(accept)) {
      const { file } = await this.exports.send({
        open: () => this.payouts.open({ orchestratorId, status: filter.status }),
        columns: paymentColumns,
        nameOf: () => datedName('payments'),
      });
      return file;
    }
    const page = await this.payouts.list({ ...filter, orchestratorId });
    return { items: page.items.map(paymentToWire), next_cursor: page.nextCursor };
  }

  @Get(':id')
  @ApiOperation({ summary: 'One payout with every attempt, hash, block and state change' })
  @ApiResponse({ status: 200, description: 'The payout', standardSchema: paymentHistorySchema })
  @ApiProblem(400, 401, 403, 404, 503)
  async get(@Param({ schema: idParams }) { id }: IdParams): Promise<z.output<typeof paymentHistorySchema>> {
    const payout = await this.payouts.get(id);
    return {
      ...paymentToWire(payout),
      settlements: historyToWire(payout.settlements),
      attempts: historyToWire(payout.attempts),
      changes: historyToWire(payout.changes),
    };
  }

  @Post(':id/release')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a held payout go' })
  @ApiResponse({ status: 200, description: 'As it stands now', standardSchema: paymentSchema })
  @ApiProblem(400, 401, 403, 404, 409, 503)
  async release(
    @Param({ schema: idParams }) { id }: IdParams,
    @Actor() actor: string,
  ): Promise<PaymentAnswer> {
    return paymentToWire(await this.payouts.release(id, actor));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Give a payout back',
    description:
      'Its amount becomes payable again, at once or when the chain has proved that it was not paid.',
  })
  @ApiResponse({ status: 200, description: 'As it stands now', standardSchema: paymentSchema })
  @ApiProblem(400, 401, 403, 404, 409, 503)
  async cancel(
    @Param({ schema: idParams }) { id }: IdParams,
    @Actor() actor: string,
  ): Promise<PaymentAnswer> {
    return paymentToWire(await this.payouts.cancel(id, actor));
  }

  @Post(':id/mark-paid')
  @HttpCode(200)
  @ApiOperation({ summary: 'Mark a payout of method `ledger` as paid elsewhere' })
  @ApiResponse({ status: 200, description: 'As it stands now', standardSchema: paymentSchema })
  @ApiProblem(400, 401, 403, 404, 409, 422, 503)
  async markPaid(
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: markPaidSchema }) { reference }: z.output<typeof markPaidSchema>,
    @Actor() actor: string,
  ): Promise<PaymentAnswer> {
    return paymentToWire(await this.payouts.markPaid(id, reference, actor));
  }
}
