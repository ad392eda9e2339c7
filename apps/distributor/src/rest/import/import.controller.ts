import { type ImportReport, Orchestrators } from '#payments';
import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Actor } from '../../auth/actor.decorator.js';
import { ApiProblem } from '../problem.decorator.js';
import { identifier } from '../wire.js';
import { readList } from './read-list.js';

const importQuery = z.object({
  dry_run: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .meta({ description: 'true: only say what would happen' }),
});

const importSchema = z
  .object({
    dry_run: z.boolean().meta({ description: 'true: nothing was changed' }),
    created: z.int().meta({ description: 'Payees that are new', example: 2 }),
    unchanged: z.int().meta({ description: 'Payees that stood already as their rows say', example: 1 }),
    rows: z.array(
      z.object({
        row: z.int().meta({ description: 'From zero, without the header row' }),
        service_uri: z.string().meta({ example: 'https://172.23.0.7:9995' }),
        outcome: z.enum(['created', 'unchanged']),
        orchestrator_id: identifier().nullable().meta({ description: 'null: a dry run would create it' }),
      }),
    ),
  })
  .meta({ id: 'ImportReport' });

const toWire = (report: ImportReport): z.output<typeof importSchema> => ({
  dry_run: report.dryRun,
  created: report.created,
  unchanged: report.unchanged,
  rows: report.rows.map(({ row, serviceUri, outcome, orchestratorId }) => ({
    ...{ row, service_uri: serviceUri, outcome, orchestrator_id: orchestratorId },
  })),
});

@ApiTags('orchestrators')
@ApiBearerAuth()
@Controller('api/v1/orchestrators/import')
export class ImportController {
  constructor(private readonly orchestrators: Orchestrators) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Add a list of payees, all or none',
    description:
      'JSON: an array of what POST /orchestrators takes. CSV: UTF-8, a header row with service_uri, worker_address and ' +
      'any of name, worker_url, payout_address, rate_usd_per_minute, min_uptime, required_services (names separated by ' +
      '; or |); an empty cell says nothing. At most 20,000 rows and 8 MiB. A payee that stands already as its row says ' +
      'is left as it is; what a row leaves out is not compared. Otherwise every fault of every row is named ' +
      '(rows[3].worker_address, counted from zero without the header row) and nothing is changed: 400 when a row cannot ' +
      'be read, 422 when it breaks a rule or repeats another row, 409 when it collides with a payee that exists.',
  })
  @ApiConsumes('text/csv', 'application/json')
  @ApiBody({ schema: { type: 'array', items: { $ref: '#/components/schemas/CreateOrchestrator' } } })
  @ApiResponse({ status: 200, description: 'What happened, or would', standardSchema: importSchema })
  @ApiProblem(400, 401, 403, 409, 413, 415, 422, 503)
  async import(
    @Body() body: unknown,
    @Query({ schema: importQuery }) { dry_run: dryRun }: z.output<typeof importQuery>,
    @Actor() actor: string,
  ): Promise<z.output<typeof importSchema>> {
    const { rows, faults } = await readList(body);
    return toWire(await this.orchestrators.import(rows, actor, { dryRun: dryRun === 'true', faults }));
  }
}
