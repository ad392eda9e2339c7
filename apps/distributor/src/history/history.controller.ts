import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblem } from '../rest/problem.decorator.js';
import { idParams, type IdParams } from '../rest/wire.js';
import { Histories } from './histories.js';
import {
  earningsQuery,
  earningsSchema,
  fleetQuery,
  fleetSchema,
  historyQuery,
  historySchema,
} from './history.wire.js';

@ApiTags('history')
@ApiBearerAuth()
@Controller('api/v1')
export class HistoryController {
  constructor(private readonly histories: Histories) {}

  @Get('history/fleet')
  @ApiOperation({
    summary: 'Uptime of all orchestrators side by side',
    description:
      'The last 60 minutes, 48 hours or 30 UTC days. Hours and days follow the decisions by a few seconds.',
  })
  @ApiResponse({ status: 200, description: 'The buckets', standardSchema: fleetSchema })
  @ApiProblem(400, 401, 403, 503)
  fleet(
    @Query({ schema: fleetQuery }) query: z.output<typeof fleetQuery>,
  ): Promise<z.output<typeof fleetSchema>> {
    return this.histories.fleet(query);
  }

  @Get('history/earnings')
  @ApiOperation({ summary: 'What all orchestrators earned together, by hour or day' })
  @ApiResponse({ status: 200, description: 'The buckets', standardSchema: earningsSchema })
  @ApiProblem(400, 401, 403, 422, 503)
  earnings(
    @Query({ schema: earningsQuery }) query: z.output<typeof earningsQuery>,
  ): Promise<z.output<typeof earningsSchema>> {
    return this.histories.earnings(query);
  }

  @Get('orchestrators/:id/history')
  @ApiOperation({
    summary: 'Uptime and pay of one orchestrator, as a whole and by service',
    description:
      'The last 120 minutes, 72 hours or 30 UTC days unless a range is given; at most 1000 buckets.',
  })
  @ApiResponse({ status: 200, description: 'The buckets', standardSchema: historySchema })
  @ApiProblem(400, 401, 403, 404, 422, 503)
  ofOrchestrator(
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: historyQuery }) query: z.output<typeof historyQuery>,
  ): Promise<z.output<typeof historySchema>> {
    return this.histories.ofOrchestrator(id, query);
  }
}
