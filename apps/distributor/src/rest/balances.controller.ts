import { type Balance, Balances } from '#payments';
import { Controller, Get, Headers, Query, type StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { CsvColumns } from './csv/csv-chunks.js';
import { CsvExports } from './csv/csv-exports.js';
import { csvNote, datedName, JsonOrCsv } from './csv/csv.decorator.js';
import { pagedSource } from './csv/paged-source.js';
import { prefersCsv } from './csv/prefers-csv.js';
import { ApiProblem } from './problem.decorator.js';
import { identifier, money, orchestratorInput, pageOf, pageQuery, usd } from './wire.js';

const balanceSchema = z
  .object({
    orchestrator_id: identifier(),
    accrued_usd: money().meta({ description: 'Earned by paid periods, US dollars' }),
    adjusted_usd: money().meta({ description: 'Sum of signed corrections, US dollars', example: '0.000000' }),
    payable_usd: money().meta({ description: 'Owed and not yet in a payout, US dollars' }),
    in_settlement_usd: money().meta({ description: 'Reserved or on its way, US dollars' }),
    paid_usd: money().meta({ description: 'Final, US dollars' }),
  })
  .meta({ id: 'Balance' });

const balancePage = pageOf(balanceSchema, 'BalancePage');

const balanceQuery = z.object({ ...pageQuery, orchestrator_id: orchestratorInput().optional() });

const toWire = (balance: Balance): z.output<typeof balanceSchema> => ({
  orchestrator_id: balance.orchestratorId,
  accrued_usd: usd(balance.accruedMicroUsd),
  adjusted_usd: usd(balance.adjustedMicroUsd),
  payable_usd: usd(balance.payableMicroUsd),
  in_settlement_usd: usd(balance.inSettlementMicroUsd),
  paid_usd: usd(balance.paidMicroUsd),
});

const columns: CsvColumns<Balance> = {
  orchestrator_id: ({ orchestratorId }) => orchestratorId,
  accrued_usd: ({ accruedMicroUsd }) => accruedMicroUsd,
  adjusted_usd: ({ adjustedMicroUsd }) => adjustedMicroUsd,
  payable_usd: ({ payableMicroUsd }) => payableMicroUsd,
  in_settlement_usd: ({ inSettlementMicroUsd }) => inSettlementMicroUsd,
  paid_usd: ({ paidMicroUsd }) => paidMicroUsd,
};

@ApiTags('balances')
@ApiBearerAuth()
@Controller('api/v1/balances')
export class BalancesController {
  constructor(
    private readonly balances: Balances,
    private readonly exports: CsvExports,
  ) {}

  @Get()
  @JsonOrCsv()
  @ApiOperation({
    summary: 'Where the money of each orchestrator is, the oldest orchestrator first',
    description: `accrued + adjusted = payable + in settlement + paid, always. ${csvNote}`,
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: balancePage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: balanceQuery }) query: z.output<typeof balanceQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof balancePage> | StreamableFile> {
    const { orchestrator_id: orchestratorId, ...page } = query;
    if (prefersCsv(accept)) {
      const open = pagedSource((rows) => this.balances.page({ ...rows, orchestratorId }));
      return (await this.exports.send({ open, columns, nameOf: () => datedName('balances') })).file;
    }
    const { items, nextCursor } = await this.balances.page({ ...page, orchestratorId });
    return { items: items.map(toWire), next_cursor: nextCursor };
  }
}
