import { applyDecorators, Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';

import { MetricsRegistry } from './metrics.js';

/** For an app that says more of the route: what decorates a method is not inherited. */
export const MetricsRoute = () =>
  applyDecorators(
    Get(),
    ApiOperation({ summary: 'Prometheus metrics' }),
    ApiResponse({
      status: 200,
      description: 'Prometheus text format 0.0.4',
      content: { 'text/plain': { schema: { type: 'string', example: 'process_cpu_seconds_total 1.5' } } },
    }),
    Header('content-type', 'text/plain; version=0.0.4; charset=utf-8'),
  );

@ApiTags('metrics')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly registry: MetricsRegistry) {}

  @MetricsRoute()
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}
