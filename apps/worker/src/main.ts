import {
  InvalidDockerHostError,
  InvalidServiceNameError,
  JournalLockedError,
  JournalUnwritableError,
  WorkerKeyError,
} from '#monitoring';
import { createLogger, FactLogger, listenOrExit, loadEnvironmentOrExit } from '#platform';

import { createWorkerApp } from './create-worker-app.js';
import { CapabilityLifecycle } from './jobs/capability-lifecycle.js';
import { workerConfigSchema } from './worker.config.js';

const isFaultOfTheEnvironment = (error: unknown) =>
  error instanceof WorkerKeyError ||
  error instanceof InvalidDockerHostError ||
  error instanceof InvalidServiceNameError;

const config = loadEnvironmentOrExit('worker', workerConfigSchema);

try {
  const logger = createLogger({
    format: config.logFormat,
    level: config.logLevel,
    secrets: [
      config.privateKey,
      config.orchestrator?.secret,
      config.offer.token,
      ...config.monitoringPlan.secrets,
    ],
  });
  const app = await createWorkerApp(config, logger);
  const port = await listenOrExit(app, { port: config.port, variable: 'WORKER_PORT' });
  new FactLogger('worker').info('worker listening', { port });
  app.get(CapabilityLifecycle).start();
} catch (error) {
  if (error instanceof JournalLockedError || error instanceof JournalUnwritableError) {
    process.stderr.write(
      `${error.message}\nThe worker's directory is ${config.dataDir} (WORKER_DATA_DIR).\n`,
    );
  } else if (isFaultOfTheEnvironment(error)) process.stderr.write(`${error.message}\n`);
  else throw error;
  process.exit(1);
}
