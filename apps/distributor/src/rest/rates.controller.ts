import { type Rate, Rates } from '#payments';
import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Actor } from '../auth/actor.decorator.js';
import { ApiProblem } from './problem.decorator.js';
import {
  identifier,
  idParams,
  type IdParams,
  iso,
  money,
  orchestratorInput,
  pageOf,
  pageQuery,
  rateInput,
  time,
  timeInput,
  usd,
} from './wire.js';

const effectiveFrom = () =>
  timeInput().optional().meta({ description: 'A period boundary in the future; the next one unless given' });
const dollars = 'US dollars per minute, at most MAX_RATE_USD';

const changeDefaultSchema = z
  .strictObject({
    usd_per_minute: rateInput().meta({ description: dollars, example: '12.5' }),
    effective_from: effectiveFrom(),
  })
  .meta({ id: 'ChangeDefaultRate' });

const changeRateSchema = z
  .strictObject({
    usd_per_minute: rateInput()
      .nullable()
      .meta({ description: `${dollars}; null: the default rate again`, example: '12.5' }),
    effective_from: effectiveFrom(),
  })
  .meta({ id: 'ChangeRate' });

const rateQuery = z.object({ ...pageQuery, orchestrator_id: orchestratorInput().optional() });

const rateSchema = z
  .object({
    orchestrator_id: identifier().nullable().meta({ description: 'null: the default rate' }),
    usd_per_minute: money().nullable().meta({ description: 'null: follows the default rate' }),
    effective_from: time(),
    created_at: time(),
    actor: z.string().meta({ example: 'admin' }),
  })
  .meta({ id: 'Rate' });

const ratePage = pageOf(rateSchema, 'RatePage');

const toWire = (rate: Rate): z.output<typeof rateSchema> => ({
  orchestrator_id: rate.orchestratorId,
  usd_per_minute: rate.microUsdPerMinute === null ? null : usd(rate.microUsdPerMinute),
  effective_from: iso(rate.effectiveFrom),
  created_at: iso(rate.createdAt),
  actor: rate.actor,
});

const description =
  'A new version: the past keeps the rate that was in force. A time in the past, or a rate above MAX_RATE_USD, is 422.';

@ApiTags('rates')
@ApiBearerAuth()
@Controller('api/v1')
export class RatesController {
  constructor(private readonly rates: Rates) {}

  @Get('rates')
  @ApiOperation({ summary: 'Every version of every rate, the newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: ratePage })
  @ApiProblem(400, 401, 403, 422, 503)
  async list(
    @Query({ schema: rateQuery }) query: z.output<typeof rateQuery>,
  ): Promise<z.output<typeof ratePage>> {
    const { orchestrator_id: orchestratorId, ...page } = query;
    const { items, nextCursor } = await this.rates.list({
      ...page,
      ...(orchestratorId && { orchestratorId }),
    });
    return { items: items.map(toWire), next_cursor: nextCursor };
  }

  @Put('rates/default')
  @ApiOperation({ summary: 'Change the rate of everyone who has none of their own', description })
  @ApiResponse({ status: 200, description: 'The new version', standardSchema: rateSchema })
  @ApiProblem(400, 401, 403, 422, 503)
  async setDefault(
    @Body({ schema: changeDefaultSchema }) body: z.output<typeof changeDefaultSchema>,
    @Actor() actor: string,
  ): Promise<z.output<typeof rateSchema>> {
    return toWire(await this.rates.setDefault(changeOf(body), actor));
  }

  @Put('orchestrators/:id/rate')
  @ApiOperation({ summary: 'Change the rate of one orchestrator', description })
  @ApiResponse({ status: 200, description: 'The new version', standardSchema: rateSchema })
  @ApiProblem(400, 401, 403, 404, 422, 503)
  async setFor(
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: changeRateSchema }) body: z.output<typeof changeRateSchema>,
    @Actor() actor: string,
  ): Promise<z.output<typeof rateSchema>> {
    return toWire(await this.rates.setFor(id, changeOf(body), actor));
  }
}

const changeOf = <Amount>(body: { usd_per_minute: Amount; effective_from?: Date | undefined }) => ({
  microUsdPerMinute: body.usd_per_minute,
  effectiveFrom: body.effective_from,
});
