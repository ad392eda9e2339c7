import {
  BeyondWatermarkError,
  CompactedError,
  InvalidWindowError,
  loadOrCreateWorkerKey,
  ReportSigner,
} from '#monitoring';
import { createHttpApp, FactLogger, Problem, toIsoTime } from '#platform';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { WorkerModule } from './worker.module.js';
import type { WorkerConfig } from './worker.config.js';

/** An orchestrator keeps idle connections for 60 s; when we closed one first, its next job on it would be lost. */
const keepAliveTimeoutMs = 75_000;

/** Jobs are small: what a worker reads of them fits into a few hundred bytes. */
const bodyLimitBytes = 256 * 1024;

function toProblem(error: unknown): Problem | undefined {
  if (error instanceof BeyondWatermarkError) {
    const watermark = toIsoTime(error.watermarkMs);
    return new Problem({
      status: 409,
      title: 'Not settled yet',
      detail: `to: must not lie beyond the watermark, ${watermark}`,
      errors: [{ field: 'to', detail: `must not lie beyond the watermark, ${watermark}` }],
      extensions: { watermark },
    });
  }
  if (error instanceof CompactedError) {
    return new Problem({
      status: 410,
      title: 'Only whole minutes are kept',
      detail: error.message,
      extensions: { kept_since: toIsoTime(error.keptSinceMs) },
    });
  }
  if (error instanceof InvalidWindowError) return new Problem({ status: 400, detail: error.message });
  return undefined;
}

/**
 * The worker as an application that does not listen yet.
 * @throws WorkerKeyError
 */
export async function createWorkerApp(
  config: WorkerConfig,
  logger: LoggerService,
): Promise<NestFastifyApplication> {
  const { privateKey, privateKeyFile, dataDir } = config;
  const signer = ReportSigner.fromPrivateKey(
    await loadOrCreateWorkerKey({ privateKey, privateKeyFile, dataDir }),
  );
  const app = await createHttpApp(WorkerModule.of({ config, signer }), {
    title: 'BYOC uptime worker',
    description:
      'Watches the containers beside it and states under its signature how long each was up. Durations are milliseconds, times ISO 8601 UTC, windows half-open.',
    version: '1',
    logger,
    keepAliveTimeoutMs,
    bodyLimitBytes,
    toProblem,
  });
  new FactLogger('worker').info('worker identified', {
    workerAddress: signer.address,
    services: config.services,
  });
  return app;
}
