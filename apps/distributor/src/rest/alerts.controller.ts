import { type Alert, alertKinds, Alerts } from '#payments';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { toJson } from './json.js';
import { ApiProblem } from './problem.decorator.js';
import { identifier, iso, isoOrNull, pageOf, pageQuery, time } from './wire.js';

const state = z.enum(['open', 'resolved'], 'must be open or resolved');

const alertSchema = z
  .object({
    id: identifier(),
    kind: z.enum(alertKinds),
    subject: z.string().meta({ example: 'orchestrator/019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11' }),
    state,
    text: z.string().meta({ example: 'Payouts wait: no payout address is in force' }),
    details: z.unknown().meta({ description: 'What the text was made from' }),
    opened_at: time(),
    last_seen_at: time(),
    seen_count: z.int().meta({ description: 'How often it was met while open', example: 1 }),
    resolved_at: time().nullable().meta({ description: 'null while it is open' }),
  })
  .meta({ id: 'Alert' });

const alertPage = pageOf(alertSchema, 'AlertPage');
const alertQuery = z.object({
  ...pageQuery,
  state: state.optional().meta({ description: 'Both unless given' }),
});

const toWire = (alert: Alert): z.output<typeof alertSchema> => ({
  id: alert.id,
  kind: alert.kind,
  subject: alert.subject,
  state: alert.resolvedAt === null ? 'open' : 'resolved',
  text: alert.text,
  details: toJson(alert.details),
  opened_at: iso(alert.openedAt),
  last_seen_at: iso(alert.lastSeenAt),
  seen_count: alert.seenCount,
  resolved_at: isoOrNull(alert.resolvedAt),
});

@ApiTags('alerts')
@ApiBearerAuth()
@Controller('api/v1/alerts')
export class AlertsController {
  constructor(private readonly alerts: Alerts) {}

  @Get()
  @ApiOperation({ summary: 'What a person should know about, open and past, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: alertPage })
  @ApiProblem(400, 401, 422, 503)
  async list(
    @Query({ schema: alertQuery }) query: z.output<typeof alertQuery>,
  ): Promise<z.output<typeof alertPage>> {
    const page = await this.alerts.list(query);
    return { items: page.items.map(toWire), next_cursor: page.nextCursor };
  }
}
