import { ConflictError, Payouts, SettlementList, Settler } from '#payments';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Actor } from '../auth/actor.decorator.js';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { chainAnswers } from './chain-answers.js';
import { paymentSchema, paymentToWire } from './payments.wire.js';
import { ApiProblem } from './problem.decorator.js';
import {
  nodeSchema,
  nodeToWire,
  runwaySchema,
  runwayToWire,
  settlementPage,
  settlementQuery,
  settlementSchema,
  settlementToWire,
} from './settlements.wire.js';
import { address, identifier, idParams, type IdParams, iso, money, time, usd } from './wire.js';

const pauseSchema = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(500)
      .meta({ example: 'Checking a strange balance' }),
  })
  .meta({ id: 'PausePayouts' });

const payoutStateSchema = z
  .object({
    paused: z.boolean(),
    pause: z
      .object({
        reason: z.string().meta({ example: 'Checking a strange balance' }),
        actor: z.string().meta({ description: 'Who', example: 'admin' }),
        since: time(),
      })
      .nullable()
      .meta({ description: 'Who stopped payouts, when and why; null while they run' }),
    method: z.enum(['ledger', 'usdc', 'erc20']),
    interval_seconds: z.int().meta({ description: 'Balances are settled this often', example: 3600 }),
    min_payout_usd: money().meta({ example: '1.000000' }),
    max_payout_usd: money()
      .nullable()
      .meta({ description: 'Above it a payout is held', example: '1000.000000' }),
    max_daily_payout_usd: money().nullable().meta({ example: '20000.000000' }),
    chain: z
      .object({
        state: z
          .enum(['connecting', 'ready', 'unreachable', 'refused'])
          .meta({ description: 'Nothing is signed unless it is ready' }),
        detail: z.string().nullable().meta({ description: 'Which guard refused, or why no node answers' }),
        waits_for: z
          .string()
          .nullable()
          .meta({ description: 'What signing waits for although payouts are reserved' }),
        treasury_address: address(),
        gas_payer_address: address(),
        token_address: address(),
        nodes: z.array(nodeSchema),
      })
      .nullable()
      .meta({ description: 'Null with the method `ledger`' }),
  })
  .meta({ id: 'PayoutState' });

const runSchema = z
  .object({
    payouts: z.array(paymentSchema),
    skipped: z
      .array(
        z.object({
          orchestrator_id: identifier(),
          payable_usd: money(),
          reason: z.string().meta({ description: 'Why not' }),
        }),
      )
      .meta({ description: 'Who has enough to be paid but is not, and why' }),
  })
  .meta({ id: 'PayoutRun' });

@ApiTags('payouts')
@ApiBearerAuth()
@Controller('api/v1/payouts')
export class PayoutsController {
  constructor(
    private readonly payouts: Payouts,
    private readonly settlements: SettlementList,
    private readonly settler: Settler,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Whether payouts run, and within which bounds' })
  @ApiResponse({ status: 200, description: 'The state', standardSchema: payoutStateSchema })
  @ApiProblem(401, 403, 503)
  async state(): Promise<z.output<typeof payoutStateSchema>> {
    const { settlement } = this.config;
    const pause = await this.payouts.pauseInForce();
    const { maxPayoutMicroUsd: max, maxDailyPayoutMicroUsd: maxDaily } = settlement;
    return {
      paused: pause !== null,
      pause: pause && { reason: pause.reason, actor: pause.actor, since: iso(pause.since) },
      method: settlement.method,
      interval_seconds: settlement.intervalSeconds,
      min_payout_usd: usd(settlement.minPayoutMicroUsd),
      max_payout_usd: max === undefined ? null : usd(max),
      max_daily_payout_usd: maxDaily === undefined ? null : usd(maxDaily),
      chain: this.chain(),
    };
  }

  private chain(): z.output<typeof payoutStateSchema>['chain'] {
    const { state, detail, waitsFor, treasuryAddress, gasPayerAddress, tokenAddress } = this.settler.state();
    if (state === 'off' || treasuryAddress === null || gasPayerAddress === null || tokenAddress === null)
      return null;
    return {
      ...{ state, detail, waits_for: waitsFor, token_address: tokenAddress },
      ...{ treasury_address: treasuryAddress, gas_payer_address: gasPayerAddress },
      nodes: this.settler.nodes().map(nodeToWire),
    };
  }

  @Get('runway')
  @ApiOperation({
    summary: 'For how many hours pay and gas last',
    description: 'Asks the chain. At the pace of the last 24 hours, after what is owed already.',
  })
  @ApiResponse({ status: 200, description: 'Hours of pay and of gas', standardSchema: runwaySchema })
  @ApiProblem(401, 403, 409, 503)
  async runway(): Promise<z.output<typeof runwaySchema>> {
    const runway = await chainAnswers(this.settler.runway());
    if (!runway) throw new ConflictError('There is no chain, or it cannot be used now');
    return runwayToWire(runway);
  }

  @Get('settlements')
  @ApiOperation({ summary: 'Each nonce, what it was used for and how far it is; the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: settlementPage })
  @ApiProblem(400, 401, 403, 422, 503)
  async listSettlements(
    @Query({ schema: settlementQuery }) { status, ...page }: z.output<typeof settlementQuery>,
  ): Promise<z.output<typeof settlementPage>> {
    const { items, nextCursor } = await this.settlements.list({ ...page, state: status });
    return { items: items.map(settlementToWire), next_cursor: nextCursor };
  }

  @Post('settlements/:id/cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Give a stuck nonce up',
    description:
      'Sends a tx that pays nobody with the same nonce. Whichever of the two is mined decides; the payouts are free for another ' +
      'settlement when that is final. Works while payouts are paused. Asking again changes nothing.',
  })
  @ApiResponse({ status: 200, description: 'As it stands now', standardSchema: settlementSchema })
  @ApiProblem(400, 401, 403, 404, 409, 503)
  async cancelSettlement(
    @Param({ schema: idParams }) { id }: IdParams,
    @Actor() actor: string,
  ): Promise<z.output<typeof settlementSchema>> {
    return settlementToWire(await this.settlements.cancel(id, actor));
  }

  @Post('run')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Settle now',
    description: 'Reserves what is payable without waiting for the interval. Asking again is harmless.',
  })
  @ApiResponse({ status: 200, description: 'What was reserved', standardSchema: runSchema })
  @ApiProblem(401, 403, 409, 503)
  async run(@Actor() actor: string): Promise<z.output<typeof runSchema>> {
    const { payouts, skipped } = await chainAnswers(this.payouts.runNow(actor));
    return {
      payouts: payouts.map(paymentToWire),
      skipped: skipped.map(({ orchestratorId, payableMicroUsd, reason }) => ({
        orchestrator_id: orchestratorId,
        payable_usd: usd(payableMicroUsd),
        reason,
      })),
    };
  }

  @Post('pause')
  @HttpCode(200)
  @ApiOperation({
    summary: 'The emergency stop',
    description: 'No new signature and no fee bump until resumed; periods are judged and pay accrues.',
  })
  @ApiResponse({ status: 200, description: 'The state', standardSchema: payoutStateSchema })
  @ApiProblem(400, 401, 403, 503)
  async pause(
    @Body({ schema: pauseSchema }) { reason }: z.output<typeof pauseSchema>,
    @Actor() actor: string,
  ): Promise<z.output<typeof payoutStateSchema>> {
    await this.payouts.pause(reason, actor);
    return this.state();
  }

  @Post('resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let payouts run again' })
  @ApiResponse({ status: 200, description: 'The state', standardSchema: payoutStateSchema })
  @ApiProblem(401, 403, 503)
  async resume(@Actor() actor: string): Promise<z.output<typeof payoutStateSchema>> {
    await this.payouts.resume(actor);
    return this.state();
  }
}
