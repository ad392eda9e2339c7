import { Alerts } from '#payments';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Actor } from '../auth/actor.decorator.js';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { alertSchema, alertState, alertToWire, kindInput, reasonInput, subjectInput } from './alerts.wire.js';
import { ApiProblem } from './problem.decorator.js';
import { idParams, type IdParams, pageOf, pageQuery } from './wire.js';

const alertPage = pageOf(alertSchema, 'AlertPage');
const alertQuery = z.object({
  ...pageQuery,
  state: alertState.optional().meta({ description: 'Both unless given' }),
  kind: kindInput().optional(),
  subject: subjectInput().optional(),
});

const closeSchema = z.strictObject({ reason: reasonInput() }).meta({ id: 'CloseAlert' });

@ApiTags('alerts')
@ApiBearerAuth()
@Controller('api/v1/alerts')
export class AlertsController {
  constructor(
    private readonly alerts: Alerts,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What a person should know about, open and past, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: alertPage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: alertQuery }) query: z.output<typeof alertQuery>,
  ): Promise<z.output<typeof alertPage>> {
    const page = await this.alerts.list(query);
    const { runbookUrl } = this.config.alerts;
    return { items: page.items.map((alert) => alertToWire(alert, runbookUrl)), next_cursor: page.nextCursor };
  }

  @Post(':id/close')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Close an alert by hand',
    description:
      'For what does not end by itself: equivocation, late evidence. What goes on is opened again by whoever meets it.',
  })
  @ApiResponse({ status: 200, description: 'The closed alert', standardSchema: alertSchema })
  @ApiProblem(400, 401, 403, 404, 409, 503)
  async close(
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: closeSchema }) { reason }: z.output<typeof closeSchema>,
    @Actor() actor: string,
  ): Promise<z.output<typeof alertSchema>> {
    return alertToWire(await this.alerts.close(id, reason, actor), this.config.alerts.runbookUrl);
  }
}
