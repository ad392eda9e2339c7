import { createHttpApp, createLogger } from '#platform';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveDashboard } from './dashboard/serve-dashboard.js';
import type { DistributorConfig } from './distributor.config.js';
import { DistributorModule } from './distributor.module.js';
import { domainProblem } from './rest/domain-problem.js';
import { acceptLists } from './rest/import/accept-lists.js';
import { refuseUnstorableText } from './rest/storable-text.js';
import { readVersion } from './version.js';

const description =
  'Judges each period of each orchestrator by signed uptime reports, keeps the books and pays. ' +
  'Money is a decimal string of US dollars, times are ISO 8601 in UTC, errors are problem documents (RFC 9457).';

/** The whole distributor, ready to listen. */
export async function createDistributor(
  config: DistributorConfig,
  logger: LoggerService = loggerOf(config),
): Promise<NestFastifyApplication> {
  const app = await createHttpApp(DistributorModule.of(config), {
    title: 'Payment distributor',
    description,
    version: readVersion(),
    logger,
    bearerAuth: true,
    trustedProxies: config.server.trustedProxies,
    bodyLimitBytes: 256 * 1024,
    toProblem: domainProblem,
  });
  acceptLists(app);
  refuseUnstorableText(app);
  await serveDashboard(app);
  return app;
}

const loggerOf = ({ server, secrets }: DistributorConfig): LoggerService =>
  createLogger({ format: server.logFormat, level: server.logLevel, secrets });
