import { CapabilityRegistration } from '#livepeer';
import { Monitor, type WindowUptime } from '#monitoring';
import { toIsoTime } from '#platform';
import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';

import { openApiSchema } from '../open-api-schema.js';
import { registrationView } from '../jobs/registration-view.js';
import { ApiProblems } from '../problem-responses.js';
import { WORKER_CONFIG, type WorkerConfig } from '../worker.config.js';
import { PerWindow } from './per-window.js';
import { statusView, uptimeView } from './uptime-view.js';
import {
  type ServiceStatuses,
  serviceStatusesSchema,
  type ServiceUptimes,
  serviceUptimesSchema,
} from './uptime.responses.js';
import { postedWindowSchema, spanOf, type WindowQuery, windowSchema } from './window-query.js';

@ApiTags('uptime')
@Controller()
export class UptimeController {
  private readonly views = new PerWindow((window) => uptimeView(window, this.config.minUptimeBasisPoints));

  constructor(
    private readonly monitor: Monitor,
    private readonly registration: CapabilityRegistration,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  @Get('service-uptime')
  @ApiOperation({
    summary: 'How long each service was up within a window',
    description:
      'Without a window: the 60 s that end at the watermark, up to which nothing can change any more.',
  })
  @ApiResponse({ status: 200, description: 'The uptime', standardSchema: serviceUptimesSchema })
  @ApiProblems(400, 409, 410)
  uptime(@Query({ schema: windowSchema }) query: WindowQuery): ServiceUptimes {
    const { fromMs, toMs } = spanOf(query, this.monitor.watermarkMs());
    return { timestamp: toIsoTime(Date.now()), ...this.views.of(this.monitor.window(fromMs, toMs)) };
  }

  @Post('service-uptime')
  @HttpCode(200)
  @ApiOperation({
    summary: 'The same as a BYOC job, which always is a POST',
    description: 'The gateway drops the query, so that window, from and to may stand in the body instead.',
  })
  @ApiBody({ required: false, schema: openApiSchema(windowSchema) })
  @ApiResponse({ status: 200, description: 'The uptime', standardSchema: serviceUptimesSchema })
  @ApiProblems(400, 409, 410)
  postedUptime(
    @Query({ schema: windowSchema }) query: WindowQuery,
    @Body({ schema: postedWindowSchema }) body: WindowQuery,
  ): ServiceUptimes {
    return this.uptime(Object.keys(body).length > 0 ? body : query);
  }

  @Get('service-status')
  @ApiOperation({ summary: 'What each service does now' })
  @ApiResponse({ status: 200, description: 'The states', standardSchema: serviceStatusesSchema })
  status(): ServiceStatuses {
    return {
      ...statusView(this.monitor.statuses(), this.lastMinute(), this.config.minUptimeBasisPoints, Date.now()),
      empty_patterns: this.monitor.emptyPatterns(),
      registration: registrationView(this.registration.state()),
    };
  }

  @Post('service-status')
  @HttpCode(200)
  @ApiOperation({ summary: 'The same as a BYOC job, which always is a POST' })
  @ApiResponse({ status: 200, description: 'The states', standardSchema: serviceStatusesSchema })
  postedStatus(): ServiceStatuses {
    return this.status();
  }

  private lastMinute(): WindowUptime | undefined {
    const watermarkMs = this.monitor.watermarkMs();
    if (watermarkMs === 0) return undefined;
    const { fromMs, toMs } = spanOf({}, watermarkMs);
    return this.monitor.window(fromMs, toMs);
  }
}
