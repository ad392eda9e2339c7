import { Assessments, Balances, NotFoundError, Payouts, Statements } from '#payments';
import { Controller, Get, Header, Headers, Inject, Param, Query, type StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ForPayee } from '../auth/bearer.guard.js';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { Histories } from '../history/histories.js';
import { historyQuery, historySchema } from '../history/history.wire.js';
import { CsvExports } from '../rest/csv/csv-exports.js';
import { JsonOrCsv } from '../rest/csv/csv.decorator.js';
import { prefersCsv } from '../rest/csv/prefers-csv.js';
import { historyToWire, paymentHistorySchema, paymentPage, paymentToWire } from '../rest/payments.wire.js';
import { ApiProblem } from '../rest/problem.decorator.js';
import {
  statementColumns,
  statementName,
  statementQuery,
  statementSchema,
  statementToWire,
} from '../rest/statements.wire.js';
import { idParams, type IdParams } from '../rest/wire.js';
import { explorerOf } from '../treasury/explorers.js';
import { OwnOrchestrators } from './own-orchestrators.js';
import { PayeeAddress } from './payee-address.decorator.js';
import {
  evidenceToWire,
  ownEvidenceSchema,
  ownPaymentQuery,
  ownPeriodPage,
  ownPeriodQuery,
  ownSchema,
  ownToWire,
  periodToWire,
} from './payee.wire.js';

/** What a payee may see: its own, and nothing of anyone else. */
@ApiTags('payee')
@ApiBearerAuth()
@ForPayee()
@Controller('api/v1/payee')
export class PayeeController {
  constructor(
    private readonly own: OwnOrchestrators,
    private readonly balances: Balances,
    private readonly assessments: Assessments,
    private readonly payouts: Payouts,
    private readonly statements: Statements,
    private readonly histories: Histories,
    private readonly exports: CsvExports,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'What is paid to you, or reports with your key',
    description: 'With the balances.',
  })
  @ApiResponse({ status: 200, description: 'Your orchestrators', standardSchema: ownSchema })
  @ApiProblem(401, 403, 503)
  async read(@PayeeAddress() address: string): Promise<z.output<typeof ownSchema>> {
    const [records, balances] = await Promise.all([this.own.of(address), this.balances.list()]);
    const { pay, settlement } = this.config;
    return {
      address,
      period_seconds: pay.periodSeconds,
      explorer_url: explorerOf(settlement.chain?.chainId ?? null),
      orchestrators: records.map((record) =>
        ownToWire(
          record,
          balances.find(({ orchestratorId }) => orchestratorId === record.id),
        ),
      ),
    };
  }

  @Get('orchestrators/:id/history')
  @ApiOperation({ summary: 'Your uptime and pay, as a whole and by service' })
  @ApiResponse({ status: 200, description: 'The buckets', standardSchema: historySchema })
  @ApiProblem(400, 401, 403, 404, 422, 503)
  async history(
    @PayeeAddress() address: string,
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: historyQuery }) query: z.output<typeof historyQuery>,
  ): Promise<z.output<typeof historySchema>> {
    await this.own.require(address, id);
    return this.histories.ofOrchestrator(id, query);
  }

  @Get('orchestrators/:id/assessments')
  @ApiOperation({ summary: 'Each of your periods with its reason, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: ownPeriodPage })
  @ApiProblem(400, 401, 403, 404, 422, 503)
  async periods(
    @PayeeAddress() address: string,
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: ownPeriodQuery }) query: z.output<typeof ownPeriodQuery>,
  ): Promise<z.output<typeof ownPeriodPage>> {
    await this.own.require(address, id);
    const page = await this.assessments.list({ ...query, orchestratorId: id, withReports: false });
    return { items: page.items.map(periodToWire), next_cursor: page.nextCursor };
  }

  @Get('evidence/:id')
  @ApiOperation({
    summary: 'The signed evidence that one of your periods was judged by',
    description: 'A file. `npm run report:verify` checks the signature of the report in it.',
  })
  @ApiResponse({ status: 200, description: 'The evidence', standardSchema: ownEvidenceSchema })
  @Header('content-disposition', 'attachment; filename="evidence.json"')
  @ApiProblem(400, 401, 403, 404, 503)
  async evidence(
    @PayeeAddress() address: string,
    @Param({ schema: idParams }) { id }: IdParams,
  ): Promise<z.output<typeof ownEvidenceSchema>> {
    const assessment = await this.assessments.get(id);
    if (!(await this.own.owns(address, assessment.orchestratorId))) throw new NotFoundError('assessment', id);
    return evidenceToWire(assessment);
  }

  @Get('orchestrators/:id/payments')
  @ApiOperation({ summary: 'Your payouts, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: paymentPage })
  @ApiProblem(400, 401, 403, 404, 422, 503)
  async payments(
    @PayeeAddress() address: string,
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: ownPaymentQuery }) query: z.output<typeof ownPaymentQuery>,
  ): Promise<z.output<typeof paymentPage>> {
    await this.own.require(address, id);
    const page = await this.payouts.list({ ...query, orchestratorId: id });
    return { items: page.items.map(paymentToWire), next_cursor: page.nextCursor };
  }

  @Get('payments/:id')
  @ApiOperation({ summary: 'One of your payouts with every attempt, hash, block and state change' })
  @ApiResponse({ status: 200, description: 'The payout', standardSchema: paymentHistorySchema })
  @ApiProblem(400, 401, 403, 404, 503)
  async payment(
    @PayeeAddress() address: string,
    @Param({ schema: idParams }) { id }: IdParams,
  ): Promise<z.output<typeof paymentHistorySchema>> {
    const payout = await this.payouts.get(id);
    if (!(await this.own.owns(address, payout.orchestratorId))) throw new NotFoundError('payment', id);
    return {
      ...paymentToWire(payout),
      settlements: historyToWire(payout.settlements),
      attempts: historyToWire(payout.attempts),
      changes: historyToWire(payout.changes),
    };
  }

  @Get('orchestrators/:id/statement')
  @JsonOrCsv()
  @ApiOperation({ summary: 'What you earned, were corrected by and were paid, line by line' })
  @ApiResponse({
    status: 200,
    description: 'The statement; with `Accept: text/csv` its lines as a file',
    standardSchema: statementSchema,
  })
  @ApiProblem(400, 401, 403, 404, 422, 503)
  async statement(
    @PayeeAddress() address: string,
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: statementQuery }) range: z.output<typeof statementQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof statementSchema> | StreamableFile> {
    await this.own.require(address, id);
    if (!prefersCsv(accept)) return statementToWire(await this.statements.read(id, range));
    const open = () => this.statements.open(id, range);
    const { file } = await this.exports.send({ open, columns: statementColumns, nameOf: statementName });
    return file;
  }
}
