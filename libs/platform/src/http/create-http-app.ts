import helmet from '@fastify/helmet';
import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

import { closeInTime } from './close-in-time.js';
import { openApiDocument, type OpenApiOptions } from './open-api-document.js';
import { problemDocument } from './problem.js';
import { ProblemFilter, type ProblemMapping, sendProblem } from './problem.filter.js';
import { browserRules } from './browser-rules.js';
import { validationPipe } from './validation.js';

export interface HttpAppOptions extends OpenApiOptions {
  logger: LoggerService;
  /** Addresses or ranges of reverse proxies whose `X-Forwarded-For` is believed; nobody's unless given. */
  trustedProxies?: readonly string[];
  /** Bytes; a larger body is answered with 413. */
  bodyLimitBytes?: number;
  keepAliveTimeoutMs?: number;
  toProblem?: ProblemMapping;
}

/**
 * A Nest application on Fastify with what every app of ours has: input parsed by schema, errors as problem documents,
 * Swagger at `/docs` and `/docs-json`, and a shutdown that lets `onApplicationShutdown` run on SIGINT and SIGTERM.
 * Doubled and trailing slashes are ignored, because gateways in between produce them.
 */
export async function createHttpApp(
  module: Type | DynamicModule,
  options: HttpAppOptions,
): Promise<NestFastifyApplication> {
  const keepAliveTimeout = options.keepAliveTimeoutMs ?? 72_000;
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimitBytes ?? 1024 * 1024,
    keepAliveTimeout,
    requestTimeout: 60_000,
    trustProxy:
      options.trustedProxies && options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 256 },
    // A malformed URL never reaches Nest's filters.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, problemDocument({ status: error.statusCode ?? 400, detail: error.message }));
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: options.logger,
    abortOnError: false,
  });
  // Node closes a socket whose headers are late: that limit must lie above the keep-alive one.
  app.getHttpServer().headersTimeout = keepAliveTimeout + 1_000;
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ProblemFilter(options.toProblem ?? (() => undefined)));
  app.enableShutdownHooks(['SIGINT', 'SIGTERM']);

  closeInTime(app);
  await app.register(helmet, browserRules);

  SwaggerModule.setup('docs', app, () => openApiDocument(app, options), {
    customSiteTitle: options.title,
  });
  return app;
}
