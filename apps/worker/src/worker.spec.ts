import { JournalLockedError } from '#monitoring';
import { type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import {
  post,
  problemOf,
  type RunningWorker,
  send,
  startWatchedWorker,
  startWorker,
  untilReady,
} from './testing/running-worker.js';
import { serviceStatusesSchema } from './uptime/uptime.responses.js';

let engine: SimulatedEngine;
let worker: RunningWorker;

beforeAll(async () => {
  ({ engine, worker } = await startWatchedWorker());
});

afterAll(() => worker.stop());

describe('what an operator looks at', () => {
  it('is ready and says what of, the registration included', async () => {
    const { status, json } = await send(`${worker.url}/health/ready`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      status: 'ok',
      info: { engine: { status: 'up' }, journal: { status: 'up' }, registration: { state: 'disabled' } },
    });
    expect((await send(`${worker.url}/health/live`)).status).toBe(200);
    expect((await send(`${worker.url}/health`)).status).toBe(200);
  });

  it('has metrics for states, watermark and registration', async () => {
    const { text } = await send(`${worker.url}/metrics`);
    expect(text).toContain('worker_service_state{service="redis_scb",state="up"} 1');
    expect(text).toContain('worker_service_state{service="nobody_started_me",state="down"} 1');
    expect(text).toMatch(/^worker_watermark_age_seconds \d/m);
    expect(text).toContain('worker_engine_watched 1');
    expect(text).toContain('worker_journal_writable 1');
    expect(text).toContain('worker_registration_state{state="disabled"} 1');
  });

  it('keeps idle connections open for longer than an orchestrator does', () => {
    expect(worker.app.getHttpServer().keepAliveTimeout).toBeGreaterThan(60_000);
  });

  it('documents every route of the contract, with a summary and answers', async () => {
    const documentSchema = z.object({
      paths: z.record(
        z.string(),
        z.record(
          z.string(),
          z.object({ summary: z.string().min(1), responses: z.record(z.string(), z.unknown()) }),
        ),
      ),
      components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
    });
    const answer = await send(`${worker.url}/docs-json`);
    const { paths, components } = documentSchema.parse(answer.json);

    expect(
      Object.entries(paths)
        .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
        .sort(),
    ).toEqual([
      'get /events',
      'get /health',
      'get /health/live',
      'get /health/ready',
      'get /metrics',
      'get /reports',
      'get /reports/minutes',
      'get /service-status',
      'get /service-uptime',
      'post /agent-net',
      'post /service-status',
      'post /service-uptime',
    ]);
    const references = [...answer.text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(0);
    for (const name of references) expect(components.schemas).toHaveProperty([String(name)]);
    expect((await send(`${worker.url}/docs`)).text).toContain('swagger-ui');
  });

  it('answers what it does not know, or cannot read, with a problem', async () => {
    expect(problemOf(await send(`${worker.url}/nothing`)).status).toBe(404);
    expect(problemOf(await send(`${worker.url}/%zz`)).status).toBe(400);
  });
});

describe('a worker without an Engine', () => {
  it('lives, is not ready, calls the time unknown, and recovers by itself', async () => {
    const late = await startSimulatedEngine({ services: [{ name: 'redis_scb' }] });
    await late.goAway();
    const lonely = await startWorker({
      DOCKER_HOST: late.dockerHost,
      MONITORED_SERVICES: 'redis_scb',
    });
    try {
      const ready = await send(`${lonely.url}/health/ready`);
      expect(ready.status).toBe(503);
      expect(ready.text).toContain('Docker Engine');
      expect((await send(`${lonely.url}/health/live`)).status).toBe(200);
      const status = serviceStatusesSchema.parse((await send(`${lonely.url}/service-status`)).json);
      expect(status.services.redis_scb).toMatchObject({ state: 'unknown', status: 'unknown' });
      expect(status.summary).toMatchObject({ services_up: 0, eligible_for_payment: false });
      // Nothing is settled in the first seconds: refused in words that a gateway passes on, never a 5xx.
      expect([200, 409]).toContain((await post(`${lonely.url}/agent-net`, { job_id: 'x' })).status);

      await late.comeBack();
      await untilReady(lonely);
    } finally {
      await lonely.stop();
      await late.stop();
    }
  });
});

describe('a second worker in the same directory', () => {
  it('does not start, and its error names the directory', async () => {
    const second = startWorker({
      WORKER_DATA_DIR: worker.dataDir,
      DOCKER_HOST: engine.dockerHost,
    });
    const error = await second.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(JournalLockedError);
    expect(String(error)).toContain(worker.dataDir);
    expect((await send(`${worker.url}/health/ready`)).status).toBe(200);
  });
});
