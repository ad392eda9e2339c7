import { Payouts } from '#payments';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import {
  historyToWire,
  paymentHistorySchema,
  paymentPage,
  paymentQuery,
  paymentToWire,
} from './payments.wire.js';
import { ApiProblem } from './problem.decorator.js';
import { idParams, type IdParams } from './wire.js';

@ApiTags('payments')
@ApiBearerAuth()
@Controller('api/v1/payments')
export class PaymentsController {
  constructor(private readonly payouts: Payouts) {}

  @Get()
  @ApiOperation({ summary: 'Payout history, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: paymentPage })
  @ApiProblem(400, 401, 503)
  async list(
    @Query({ schema: paymentQuery }) query: z.output<typeof paymentQuery>,
  ): Promise<z.output<typeof paymentPage>> {
    const { orchestrator_id: orchestratorId, ...filter } = query;
    const page = await this.payouts.list({ ...filter, orchestratorId });
    return { items: page.items.map(paymentToWire), next_cursor: page.nextCursor };
  }

  @Get(':id')
  @ApiOperation({ summary: 'One payout with every attempt, hash, block and state change' })
  @ApiResponse({ status: 200, description: 'The payout', standardSchema: paymentHistorySchema })
  @ApiProblem(400, 401, 404, 503)
  async get(@Param({ schema: idParams }) { id }: IdParams): Promise<z.output<typeof paymentHistorySchema>> {
    const payout = await this.payouts.get(id);
    return {
      ...paymentToWire(payout),
      settlements: historyToWire(payout.settlements),
      attempts: historyToWire(payout.attempts),
      changes: historyToWire(payout.changes),
    };
  }
}
