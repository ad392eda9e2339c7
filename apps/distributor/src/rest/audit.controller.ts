import { type AuditEntry, AuditLog } from '#payments';
import { Controller, Get, Headers, Query, type StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { CsvColumns } from './csv/csv-chunks.js';
import { CsvExports } from './csv/csv-exports.js';
import { csvNote, datedName, JsonOrCsv } from './csv/csv.decorator.js';
import { pagedSource } from './csv/paged-source.js';
import { prefersCsv } from './csv/prefers-csv.js';
import { toJson } from './json.js';
import { ApiProblem } from './problem.decorator.js';
import { iso, pageOf, pageQuery, time, timeInput } from './wire.js';

const auditSchema = z
  .object({
    id: z.string().meta({ description: 'Number of the entry', example: '42' }),
    at: time(),
    actor: z.string().meta({ description: 'Who', example: 'admin' }),
    action: z.string().meta({ description: 'What, in the past tense', example: 'rate changed' }),
    subject: z
      .string()
      .meta({ description: 'Of what', example: 'orchestrator/019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11' }),
    before: z.unknown().meta({ description: 'What stood before, or null' }),
    after: z.unknown().meta({ description: 'What stands now, or null' }),
  })
  .meta({ id: 'AuditEntry' });

const auditPage = pageOf(auditSchema, 'AuditPage');
const auditQuery = z.object({
  ...pageQuery,
  actor: z.string().max(200).optional().meta({ description: 'By whom, exactly', example: 'admin' }),
  action: z.string().max(200).optional().meta({ description: 'What, exactly', example: 'rate changed' }),
  subject: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'Of what, exactly', example: 'orchestrator/019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11' }),
  from: timeInput().optional().meta({ description: 'At or after' }),
  to: timeInput().optional().meta({ description: 'Before' }),
});

const toWire = (entry: AuditEntry): z.output<typeof auditSchema> => ({
  id: entry.id,
  at: iso(entry.at),
  actor: entry.actor,
  action: entry.action,
  subject: entry.subject,
  before: toJson(entry.before),
  after: toJson(entry.after),
});

/** Nothing is an empty cell, as in every other file. */
const cellOf = (state: unknown): string | null => {
  const json = toJson(state);
  return json === null ? null : JSON.stringify(json);
};

const columns: CsvColumns<AuditEntry> = {
  id: ({ id }) => id,
  at: ({ at }) => at,
  actor: ({ actor }) => actor,
  action: ({ action }) => action,
  subject: ({ subject }) => subject,
  before: ({ before }) => cellOf(before),
  after: ({ after }) => cellOf(after),
};

@ApiTags('audit')
@ApiBearerAuth()
@Controller('api/v1/audit')
export class AuditController {
  constructor(
    private readonly audit: AuditLog,
    private readonly exports: CsvExports,
  ) {}

  @Get()
  @JsonOrCsv()
  @ApiOperation({
    summary: 'Who changed what, when, from what to what, the newest first',
    description: csvNote,
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: auditPage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: auditQuery }) query: z.output<typeof auditQuery>,
    @Headers('accept') accept: string | undefined,
  ): Promise<z.output<typeof auditPage> | StreamableFile> {
    if (prefersCsv(accept)) {
      const open = pagedSource((rows) => this.audit.list({ ...query, ...rows }));
      return (await this.exports.send({ open, columns, nameOf: () => datedName('audit') })).file;
    }
    const page = await this.audit.list(query);
    return { items: page.items.map(toWire), next_cursor: page.nextCursor };
  }
}
