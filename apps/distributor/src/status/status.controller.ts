import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../auth/bearer.guard.js';
import { ApiProblem } from '../rest/problem.decorator.js';
import { identifier, iso, isoOrNull, percentage, time } from '../rest/wire.js';
import { CurrentStatusReader } from './current-status.js';

const statusSchema = z
  .object({
    version: z.string().meta({ example: '0.1.0' }),
    as_of: time(),
    period_seconds: z.int().meta({ example: 60 }),
    last_period: z.object({ start: time(), end: time() }).nullable(),
    orchestrators: z.array(
      z.object({
        id: identifier(),
        name: z.string().meta({ example: 'orchestrator-1' }),
        state: z
          .enum(['on_air', 'degraded', 'off_air', 'unknown', 'waiting', 'paused'])
          .meta({ description: 'As of the newest judged period' }),
        reason: z
          .string()
          .nullable()
          .meta({ description: 'Why the newest period was not paid', example: 'below_threshold' }),
        uptime_percentage: percentage().nullable(),
        period_end: time().nullable(),
        services: z.array(
          z.object({
            name: z.string().meta({ description: 'Container name', example: 'redis_scb' }),
            state: z.enum(['up', 'partly', 'down', 'starting', 'unknown']),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Status' });

@ApiTags('status')
@Controller('api/v1/status')
export class StatusController {
  constructor(private readonly status: CurrentStatusReader) {}

  @Get()
  @Public()
  @ApiOperation({ summary: 'Who is on air now', description: 'Public, without amounts.' })
  @ApiResponse({ status: 200, description: 'As of the newest evidence', standardSchema: statusSchema })
  @ApiProblem(503)
  async read(): Promise<z.output<typeof statusSchema>> {
    const { version, asOf, periodSeconds, lastPeriod, orchestrators } = await this.status.read();
    return {
      version,
      as_of: iso(asOf),
      period_seconds: periodSeconds,
      last_period: lastPeriod === null ? null : { start: iso(lastPeriod.start), end: iso(lastPeriod.end) },
      orchestrators: orchestrators.map(({ uptimePercentage, periodEnd, ...rest }) => ({
        ...rest,
        uptime_percentage: uptimePercentage,
        period_end: isoOrNull(periodEnd),
      })),
    };
  }
}
