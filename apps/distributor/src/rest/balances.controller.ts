import { type Balance, Balances } from '#payments';
import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblem } from './problem.decorator.js';
import { identifier, money, pageOf, usd } from './wire.js';

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

const toWire = (balance: Balance): z.output<typeof balanceSchema> => ({
  orchestrator_id: balance.orchestratorId,
  accrued_usd: usd(balance.accruedMicroUsd),
  adjusted_usd: usd(balance.adjustedMicroUsd),
  payable_usd: usd(balance.payableMicroUsd),
  in_settlement_usd: usd(balance.inSettlementMicroUsd),
  paid_usd: usd(balance.paidMicroUsd),
});

@ApiTags('balances')
@ApiBearerAuth()
@Controller('api/v1/balances')
export class BalancesController {
  constructor(private readonly balances: Balances) {}

  @Get()
  @ApiOperation({
    summary: 'Where the money of each orchestrator is',
    description: 'accrued + adjusted = payable + in settlement + paid, always.',
  })
  @ApiResponse({ status: 200, description: 'All balances', standardSchema: balancePage })
  @ApiProblem(401, 503)
  async list(): Promise<z.output<typeof balancePage>> {
    return { items: (await this.balances.list()).map(toWire), next_cursor: null };
  }
}
