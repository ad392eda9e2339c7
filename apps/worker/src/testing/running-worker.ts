import { Monitor } from '#monitoring';
import { type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';
import { createLogger, listen, parseEnvironment } from '#platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, request as openRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

import { createWorkerApp } from '../create-worker-app.js';
import { CapabilityLifecycle } from '../jobs/capability-lifecycle.js';
import { workerConfigSchema } from '../worker.config.js';

export interface RunningWorker {
  app: NestFastifyApplication;
  port: number;
  url: string;
  dataDir: string;
  stop(): Promise<void>;
}

/** A worker of the test's own process, on a free port and in a directory of its own unless `WORKER_DATA_DIR` is given. */
export async function startWorker(environment: Record<string, string>): Promise<RunningWorker> {
  const ownDir = await mkdtemp(join(tmpdir(), 'worker-'));
  const config = parseEnvironment(workerConfigSchema, { WORKER_DATA_DIR: ownDir, ...environment });
  const app = await createWorkerApp(config, createLogger({ format: 'json', level: 'error' }));
  const removeDir = () => rm(ownDir, { recursive: true, force: true });
  try {
    const port = await listen(app, { port: 0, variable: 'WORKER_PORT', host: '127.0.0.1' });
    app.get(CapabilityLifecycle).start();
    return {
      app,
      port,
      url: `http://127.0.0.1:${port}`,
      dataDir: config.dataDir,
      async stop() {
        await app.close();
        await removeDir();
      },
    };
  } catch (error) {
    await removeDir();
    throw error;
  }
}

/** Two services of a simulated Engine that is known by its id and one that nobody started, watched and settled. Its `stop` stops the Engine too. */
export async function startWatchedWorker(
  environment: Record<string, string> = {},
): Promise<{ engine: SimulatedEngine; worker: RunningWorker }> {
  const services = ['redis_scb', 'autogen_agent'];
  const engine = await startSimulatedEngine({ services: services.map((name) => ({ name })) });
  const worker = await startWorker({
    DOCKER_HOST: engine.dockerHost,
    MONITORED_SERVICES: [...services, 'nobody_started_me'].join(),
    ...environment,
  });
  await untilReady(worker);
  await untilSettled(worker);
  await untilIdentified(worker);
  const stop = async () => {
    await worker.stop();
    await engine.stop();
  };
  return { engine, worker: { ...worker, stop } };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: unknown;
}

export interface Sent {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
}

/** As plain as an orchestrator sends: no header is added that the test does not name. */
export function send(url: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = openRequest(url, { method, headers: { ...length, ...headers } }, (incoming) => {
      text(incoming).then((received) => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: received,
          json: parsed(received),
        });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function parsed(received: string): unknown {
  try {
    return JSON.parse(received);
  } catch {
    return undefined;
  }
}

export const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  send(url, { method: 'POST', headers, body: JSON.stringify(body) });

/** Asks again until it is so; a test that waits in vain ends by its own time limit. */
export async function until<T>(ask: () => Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (isSo(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
  watermark: z.string().optional(),
});

/** The answer as a problem document and the fields that it names; anything else fails the test. */
export function problemOf(answer: Answer) {
  if (!answer.headers['content-type']?.includes('application/problem+json')) {
    throw new Error(`not a problem document: ${answer.text}`);
  }
  const problem = problemSchema.parse(answer.json);
  if (problem.status !== answer.status) throw new Error(`status ${answer.status}, but ${answer.text}`);
  if (answer.text.includes('node_modules')) throw new Error(`shows its inside: ${answer.text}`);
  return { ...problem, fields: problem.errors?.map(({ field }) => field) ?? [] };
}

/** The first round of inspections settles the first moment. */
export const untilSettled = (worker: RunningWorker) =>
  until(
    () => send(`${worker.url}/service-uptime`),
    ({ status }) => status === 200,
  );

export const untilReady = (worker: RunningWorker) =>
  until(
    () => send(`${worker.url}/health/ready`),
    ({ status }) => status === 200,
  );

/** Who the Engine is, is asked beside the first round. */
const untilIdentified = ({ app }: RunningWorker) =>
  until(
    () => Promise.resolve(app.get(Monitor).engine()),
    ({ id }) => id !== '',
  );
