import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  HealthCheck as TerminusCheck,
  HealthCheckService,
  type HealthIndicatorFunction,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { z } from 'zod';

import { Problem } from '../http/problem.js';
import { HEALTH_CHECKS, type HealthCheck } from './health-check.js';
import { ApiHealth } from './health.responses.js';

const checkTimeoutMs = 3_000;

/** Terminus describes its own answers, which are not the ones that leave as problem documents. */
const undocumented = { noCache: true, swaggerDocumentation: false };

const resultSchema = z.object({
  error: z.record(z.string(), z.looseObject({ message: z.string().optional() })),
  info: z.record(z.string(), z.unknown()),
  details: z.record(z.string(), z.unknown()),
});

/** Terminus' answer as a problem document, which names what is away and keeps `info`, `error` and `details`. */
function notReady(exception: ServiceUnavailableException): Problem {
  const { error, info, details } = resultSchema.parse(exception.getResponse());
  const faults = Object.entries(error).map(([name, { message }]) => `${name}: ${message ?? 'down'}`);
  return new Problem({
    status: 503,
    title: 'Not ready',
    // Terminus refuses while the process ends, also when nothing is down.
    detail: faults.join('; ') || 'the process is ending',
    extensions: { info, error, details },
  });
}

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    @Inject(HEALTH_CHECKS) private readonly checks: readonly HealthCheck[],
  ) {}

  @Get()
  @ApiOperation({ summary: 'Liveness and readiness in one answer' })
  @ApiHealth('A component is down, or the process is ending')
  @TerminusCheck(undocumented)
  all() {
    return this.ready();
  }

  @Get('live')
  @ApiOperation({
    summary: 'The process turns',
    description: 'Fails only when the process should be restarted.',
  })
  @ApiHealth('The process is ending')
  @TerminusCheck(undocumented)
  live() {
    return this.answer([]);
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Everything that the work needs answers',
    description: '503 names what does not.',
  })
  @ApiHealth('A component is down, or the process is ending')
  @TerminusCheck(undocumented)
  ready() {
    return this.answer(this.checks);
  }

  private async answer(checks: readonly HealthCheck[]) {
    try {
      return await this.health.check(checks.map((check) => this.indicator(check)));
    } catch (error) {
      throw error instanceof ServiceUnavailableException ? notReady(error) : error;
    }
  }

  private indicator({ name, check }: HealthCheck): HealthIndicatorFunction {
    return async () => {
      const indicator = this.indicators.check(name);
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`no answer within ${checkTimeoutMs} ms`));
        }, checkTimeoutMs);
      });
      try {
        return indicator.up(await Promise.race([Promise.resolve().then(check), tooLate]));
      } catch (error) {
        return indicator.down(error instanceof Error ? error.message : String(error));
      } finally {
        clearTimeout(timer);
      }
    };
  }
}
