import { createLogger, listen, parseEnvironment } from '#platform';
import { z } from 'zod';

import { createWorkerApp } from '../../../apps/worker/src/create-worker-app.js';
import { CapabilityLifecycle } from '../../../apps/worker/src/jobs/capability-lifecycle.js';
import { workerConfigSchema } from '../../../apps/worker/src/worker.config.js';

/** The worker as its own program starts it, but for a heartbeat that a short soak can wait for. */
const [heartbeatMs = '30000', encoded = '{}'] = process.argv.slice(2);
const environment = z.record(z.string(), z.string()).parse(JSON.parse(encoded));
const config = parseEnvironment(workerConfigSchema, environment);
const app = await createWorkerApp(
  { ...config, heartbeatMs: Number(heartbeatMs) },
  createLogger({ format: 'json', level: 'error' }),
);
await listen(app, { port: config.port, variable: 'WORKER_PORT', host: '127.0.0.1' });
app.get(CapabilityLifecycle).start();
