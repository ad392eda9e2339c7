import { Reconciliation } from '#payments';
import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblem } from './problem.decorator.js';
import { money, usd } from './wire.js';

const reconciliationSchema = z
  .object({
    ok: z.boolean(),
    checked_at_block: z
      .int()
      .nullable()
      .meta({ description: 'The final block that was compared; null without a chain' }),
    differences: z.array(
      z.object({
        account: z.string().meta({ description: 'Account of the ledger', example: 'asset:treasury' }),
        ledger_usd: money(),
        chain_usd: money(),
        detail: z.string().meta({ description: 'What differs, for people' }),
      }),
    ),
  })
  .meta({ id: 'Reconciliation' });

@ApiTags('reconciliation')
@ApiBearerAuth()
@Controller('api/v1/reconciliation')
export class ReconciliationController {
  constructor(private readonly reconciliation: Reconciliation) {}

  @Get()
  @ApiOperation({ summary: 'The ledger against the chain, account by account' })
  @ApiResponse({ status: 200, description: 'The comparison', standardSchema: reconciliationSchema })
  @ApiProblem(401, 503)
  async run(): Promise<z.output<typeof reconciliationSchema>> {
    const { ok, checkedAtBlock, differences } = await this.reconciliation.run();
    return {
      ok,
      checked_at_block: checkedAtBlock === null ? null : Number(checkedAtBlock),
      differences: differences.map(({ account, ledgerMicroUsd, chainMicroUsd, detail }) => ({
        account,
        ledger_usd: usd(ledgerMicroUsd),
        chain_usd: usd(chainMicroUsd),
        detail,
      })),
    };
  }
}
