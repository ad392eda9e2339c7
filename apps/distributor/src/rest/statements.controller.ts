import { Statements } from '#payments';
import { Controller, Get, Headers, Param, Query, Res, type StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CsvExports } from './csv/csv-exports.js';
import { JsonOrCsv } from './csv/csv.decorator.js';
import { prefersCsv } from './csv/prefers-csv.js';
import { ApiProblem } from './problem.decorator.js';
import {
  statementColumns,
  statementName,
  statementQuery,
  statementSchema,
  statementToWire,
} from './statements.wire.js';
import { idParams, type IdParams, usd } from './wire.js';

@ApiTags('orchestrators')
@ApiBearerAuth()
@Controller('api/v1/orchestrators')
export class StatementsController {
  constructor(
    private readonly statements: Statements,
    private readonly exports: CsvExports,
  ) {}

  @Get(':id/statement')
  @JsonOrCsv()
  @ApiOperation({
    summary: 'What it earned, was corrected by and was paid, line by line',
    description:
      'Opening balance + every line = closing balance. An accrual stands at the start of its period, so that a month ' +
      'holds exactly its own periods. JSON carries at most 50,000 lines (422 beyond); CSV has no bound, is of one ' +
      'moment, and has its balances in the headers `Opening-Balance-Usd` and `Closing-Balance-Usd`.',
  })
  @ApiResponse({
    status: 200,
    description: 'The statement; with `Accept: text/csv` its lines as a file',
    standardSchema: statementSchema,
  })
  @ApiProblem(400, 401, 403, 404, 422, 503)
  async read(
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: statementQuery }) range: z.output<typeof statementQuery>,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof statementSchema> | StreamableFile> {
    if (!prefersCsv(accept)) return statementToWire(await this.statements.read(id, range));
    const { file, source } = await this.exports.send({
      open: () => this.statements.open(id, range),
      columns: statementColumns,
      nameOf: statementName,
    });
    void reply.headers({
      'opening-balance-usd': usd(source.head.openingMicroUsd),
      'closing-balance-usd': usd(source.head.closingMicroUsd),
    });
    return file;
  }
}
