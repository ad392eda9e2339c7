import { type AuditEntry, AuditLog } from '#payments';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { toJson } from './json.js';
import { ApiProblem } from './problem.decorator.js';
import { iso, pageOf, pageQuery, time } from './wire.js';

const auditSchema = z
  .object({
    id: z.string(),
    at: time(),
    actor: z.string().meta({ example: 'admin' }),
    action: z.string().meta({ example: 'rate.changed' }),
    subject: z.string().meta({ example: 'orchestrator:019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11' }),
    before: z.unknown().meta({ description: 'What stood before, or null' }),
    after: z.unknown().meta({ description: 'What stands now, or null' }),
  })
  .meta({ id: 'AuditEntry' });

const auditPage = pageOf(auditSchema, 'AuditPage');
const auditQuery = z.object(pageQuery);

const toWire = (entry: AuditEntry): z.output<typeof auditSchema> => ({
  id: entry.id,
  at: iso(entry.at),
  actor: entry.actor,
  action: entry.action,
  subject: entry.subject,
  before: toJson(entry.before),
  after: toJson(entry.after),
});

@ApiTags('audit')
@ApiBearerAuth()
@Controller('api/v1/audit')
export class AuditController {
  constructor(private readonly audit: AuditLog) {}

  @Get()
  @ApiOperation({ summary: 'Who changed what, when, from what to what, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: auditPage })
  @ApiProblem(400, 401, 503)
  async list(
    @Query({ schema: auditQuery }) query: z.output<typeof auditQuery>,
  ): Promise<z.output<typeof auditPage>> {
    const page = await this.audit.list(query);
    return { items: page.items.map(toWire), next_cursor: page.nextCursor };
  }
}
