import { Problem } from '#platform';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';

const digest = (text: string) => createHash('sha256').update(text).digest();

/** With METRICS_TOKEN the metrics carry amounts, and only its bearer may read them; without it there are none to see. */
@Injectable()
export class MetricsGuard implements CanActivate {
  constructor(@Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { token } = this.config.metrics;
    if (token === undefined || request.routeOptions.url !== '/metrics') return true;
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (timingSafeEqual(digest(given), digest(token))) return true;
    throw new Problem({
      status: 401,
      detail: 'The metrics carry amounts: METRICS_TOKEN is needed as bearer token.',
      headers: { 'www-authenticate': 'Bearer realm="metrics"' },
    });
  }
}
