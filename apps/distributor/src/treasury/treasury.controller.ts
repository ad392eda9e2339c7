import { type RunwayReport, Settler } from '#payments';
import { FactLogger } from '#platform';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { ApiProblem } from '../rest/problem.decorator.js';
import { address, money, usd } from '../rest/wire.js';
import { explorerOf } from './explorers.js';

const ether = () => z.string().meta({ description: 'Ether, 18 decimals at most', example: '0.0421' });

const treasurySchema = z
  .object({
    method: z.enum(['ledger', 'usdc', 'erc20']),
    state: z
      .string()
      .meta({ description: 'off, connecting, ready, unreachable or refused', example: 'ready' }),
    detail: z.string().nullable().meta({ description: 'Which guard refused, or why no node answers' }),
    waits_for: z
      .string()
      .nullable()
      .meta({ description: 'What signing waits for although payouts are reserved' }),
    chain_id: z.int().nullable().meta({ example: 42161 }),
    explorer_url: z.string().nullable().meta({
      description: 'Followed by /tx/… or /address/…; null where none is known',
      example: 'https://arbiscan.io',
    }),
    treasury_address: address().nullable(),
    gas_payer_address: address().nullable(),
    token_address: address().nullable(),
    treasury_usd: money()
      .nullable()
      .meta({ description: 'What the treasury holds, US dollars; null without an answer' }),
    owed_usd: money().nullable().meta({ description: 'Payable and in settlement, US dollars' }),
    pay_per_hour_usd: money()
      .nullable()
      .meta({ description: 'Earned in the last 24 hours, by the hour, US dollars' }),
    pay_hours: z
      .int()
      .nullable()
      .meta({ description: 'Hours that what is not owed will last; null: unknown', example: 720 }),
    gas_eth: ether().nullable(),
    gas_per_hour_eth: ether().nullable(),
    gas_hours: z
      .int()
      .nullable()
      .meta({ description: 'Hours that the gas will last; null: unknown', example: 4000 }),
  })
  .meta({ id: 'Treasury' });
type Answer = z.output<typeof treasurySchema>;

/** A question to the chain and a sum over a day: asked once in this time for everybody who looks. */
const freshForMs = 10_000;

const nothingKnown = {
  ...{ treasury_usd: null, owed_usd: null, pay_per_hour_usd: null, pay_hours: null },
  ...{ gas_eth: null, gas_per_hour_eth: null, gas_hours: null },
};

/** 42100000000000000n → '0.0421' */
function etherOf(wei: bigint): string {
  const fraction = String(wei % 10n ** 18n)
    .padStart(18, '0')
    .slice(0, 6)
    .replace(/0+$/, '');
  return `${wei / 10n ** 18n}${fraction === '' ? '' : `.${fraction}`}`;
}

@ApiTags('payouts')
@ApiBearerAuth()
@Controller('api/v1/treasury')
export class TreasuryController {
  private readonly log = new FactLogger('treasury');
  private known: { atMs: number; report: Promise<RunwayReport | null> } | undefined;

  constructor(
    private readonly settler: Settler,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'What there is to pay with, and how long it lasts',
    description: 'If the next hours are like the last day.',
  })
  @ApiResponse({ status: 200, description: 'As the chain says', standardSchema: treasurySchema })
  @ApiProblem(401, 403, 503)
  async read(): Promise<Answer> {
    const state = this.settler.state();
    const chainId = this.config.settlement.chain?.chainId ?? null;
    return {
      method: state.method,
      state: state.state,
      detail: state.detail,
      waits_for: state.waitsFor,
      chain_id: chainId === null ? null : Number(chainId),
      explorer_url: explorerOf(chainId),
      treasury_address: state.treasuryAddress,
      gas_payer_address: state.gasPayerAddress,
      token_address: state.tokenAddress,
      ...(await this.funds()),
    };
  }

  /** A node that does not answer hides nothing else of the page. */
  private async funds(): Promise<Pick<Answer, keyof typeof nothingKnown>> {
    const nowMs = Date.now();
    if (this.known === undefined || nowMs - this.known.atMs >= freshForMs) {
      const report = this.settler.state().state === 'ready' ? this.settler.runway() : Promise.resolve(null);
      this.known = { atMs: nowMs, report };
    }
    try {
      const report = await this.known.report;
      if (report === null) return nothingKnown;
      return {
        treasury_usd: usd(report.treasuryMicroUsd),
        owed_usd: usd(report.owedMicroUsd),
        pay_per_hour_usd: usd(report.payPerHourMicroUsd),
        pay_hours: report.payHours,
        gas_eth: etherOf(report.gasWei),
        gas_per_hour_eth: etherOf(report.gasPerHourWei),
        gas_hours: report.gasHours,
      };
    } catch (error) {
      this.known = undefined;
      this.log.warn('treasury not read', { error: error instanceof Error ? error.message : String(error) });
      return nothingKnown;
    }
  }
}
