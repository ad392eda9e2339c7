import { ForeignPayments, Reconciliation, ReconciliationRuns } from '#payments';
import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Actor } from '../auth/actor.decorator.js';
import { chainAnswers } from './chain-answers.js';
import { ApiProblem } from './problem.decorator.js';
import {
  explanationSchema,
  reconciliationSchema,
  reportToWire,
  runPage,
  runQuery,
  runSchema,
  runToWire,
  unknownPayments,
  unknownPaymentSchema,
  unknownToWire,
} from './reconciliation.wire.js';

@ApiTags('reconciliation')
@ApiBearerAuth()
@Controller('api/v1/reconciliation')
export class ReconciliationController {
  constructor(
    private readonly reconciliation: Reconciliation,
    private readonly runs: ReconciliationRuns,
    private readonly foreign: ForeignPayments,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The ledger against the chain, account by account, now' })
  @ApiResponse({ status: 200, description: 'The comparison', standardSchema: reconciliationSchema })
  @ApiProblem(401, 403, 503)
  async run(): Promise<z.output<typeof reconciliationSchema>> {
    return reportToWire(await chainAnswers(this.reconciliation.run()));
  }

  @Get('runs')
  @ApiOperation({
    summary: 'Comparisons that were kept: one each hour and those that people made; the newest first',
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: runPage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: runQuery }) query: z.output<typeof runQuery>,
  ): Promise<z.output<typeof runPage>> {
    const { items, nextCursor } = await this.runs.list(query);
    return { items: items.map(runToWire), next_cursor: nextCursor };
  }

  @Post('runs')
  @HttpCode(201)
  @ApiOperation({
    summary: 'Compare now, and keep the result',
    description: 'Each call is a comparison of its own moment, so it needs no Idempotency-Key.',
  })
  @ApiResponse({ status: 201, description: 'The comparison', standardSchema: runSchema })
  @ApiProblem(401, 403, 503)
  async keep(@Actor() actor: string): Promise<z.output<typeof runSchema>> {
    return runToWire(await chainAnswers(this.runs.runNow(actor)));
  }

  @Get('unknown-payments')
  @ApiOperation({
    summary: 'Money that left the treasury and that no payout accounts for: it stops settlement',
  })
  @ApiResponse({ status: 200, description: 'Oldest first', standardSchema: unknownPayments })
  @ApiProblem(401, 403, 503)
  async unknown(): Promise<z.output<typeof unknownPayments>> {
    return { items: (await chainAnswers(this.foreign.list())).map(unknownToWire) };
  }

  @Post('unknown-payments')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Say what an unknown payment was',
    description:
      'A payout of a payee, counted against what it is owed, or money taken out of the treasury. Then payouts can be resumed.',
  })
  @ApiResponse({ status: 200, description: 'The payment', standardSchema: unknownPaymentSchema })
  @ApiProblem(400, 401, 403, 404, 409, 422, 503)
  async explain(
    @Body({ schema: explanationSchema }) body: z.output<typeof explanationSchema>,
    @Actor() actor: string,
  ): Promise<z.output<typeof unknownPaymentSchema>> {
    const { tx_hash: txHash, log_index: logIndex, orchestrator_id: orchestratorId, reason } = body;
    const explanation = { txHash, logIndex: BigInt(logIndex), orchestratorId, reason };
    return unknownToWire(await chainAnswers(this.foreign.explain(explanation, actor)));
  }
}
