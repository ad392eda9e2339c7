import { MetricsRegistry } from '#platform';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Histogram } from 'prom-client';

/** Requests by route, not by path: what a caller makes up becomes no series. */
@Injectable()
export class HttpMetrics implements OnModuleInit {
  private readonly seconds: Histogram<'method' | 'route' | 'code'>;

  constructor(
    private readonly adapter: HttpAdapterHost,
    registry: MetricsRegistry,
  ) {
    this.seconds = new Histogram({
      name: 'distributor_http_request_duration_seconds',
      help: 'From the headers of a request to the end of its answer',
      labelNames: ['method', 'route', 'code'],
      buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
      registers: [registry],
    });
  }

  onModuleInit(): void {
    const fastify = this.adapter.httpAdapter.getInstance<FastifyInstance>();
    fastify.addHook('onResponse', (request, reply, done) => {
      const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
      const code = `${Math.floor(reply.statusCode / 100)}xx`;
      this.seconds.observe({ method: request.method, route, code }, reply.elapsedTime / 1_000);
      done();
    });
  }
}
