import type { SimulatedEngine } from '#monitoring/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import {
  post,
  problemOf,
  type RunningWorker,
  send,
  startWatchedWorker,
  until,
} from '../testing/running-worker.js';
import { serviceStatusesSchema, serviceUptimesSchema } from './uptime.responses.js';

let engine: SimulatedEngine;
let worker: RunningWorker;

beforeAll(async () => {
  ({ engine, worker } = await startWatchedWorker());
});

afterAll(() => worker.stop());

describe('GET and POST /service-status', () => {
  it.each(['GET', 'POST'] as const)('%s shows what each service does now', async (method) => {
    const answer = await send(`${worker.url}/service-status`, { method });
    const status = serviceStatusesSchema.parse(answer.json);

    expect(answer.status).toBe(200);
    expect(status).toMatchObject({
      monitored_count: 3,
      services: {
        redis_scb: { status: 'running', state: 'up', running: true },
        nobody_started_me: { status: 'missing', state: 'down', running: false, container_id: null },
      },
      summary: { services_up: 2, services_down: 1, total_services: 3, min_uptime_required: 95 },
    });
  });

  it('follows a container that stops and starts', async () => {
    const stateOf = async () =>
      serviceStatusesSchema.parse((await send(`${worker.url}/service-status`)).json).services.autogen_agent
        ?.state;
    engine.stopService('autogen_agent');
    await until(stateOf, (state) => state === 'down');
    engine.startService('autogen_agent');
    expect(await until(stateOf, (state) => state === 'up')).toBe('up');
  });
});

describe('GET and POST /service-uptime', () => {
  it.each([
    ['GET', '', 60_000],
    ['POST', '', 60_000],
    ['GET', '?window=5m', 300_000],
    ['POST', '?window=1h', 3_600_000],
  ] as const)('%s %s accounts for every millisecond', async (method, query, windowMs) => {
    const answer = await send(`${worker.url}/service-uptime${query}`, { method });
    const uptime = serviceUptimesSchema.parse(answer.json);

    expect(answer.status).toBe(200);
    expect(uptime.window_ms).toBe(windowMs);
    expect(Date.parse(uptime.to) - Date.parse(uptime.from)).toBe(windowMs);
    expect(uptime.total_services).toBe(3);
    expect(uptime.services_up + uptime.services_down).toBe(3);
    for (const { up_ms, inferred_up_ms, down_ms, starting_ms, unknown_ms } of uptime.services) {
      expect(up_ms + down_ms + starting_ms + unknown_ms).toBe(windowMs);
      expect(inferred_up_ms).toBeLessThanOrEqual(up_ms);
    }
  });

  it('takes the window from the body as well, since a gateway drops the query', async () => {
    const answer = await post(`${worker.url}/service-uptime`, { window: '5m', job_id: 'ignored' });
    expect(serviceUptimesSchema.parse(answer.json).window_ms).toBe(300_000);
  });

  it('answers for exactly the times that are asked', async () => {
    const { to } = serviceUptimesSchema.parse((await send(`${worker.url}/service-uptime`)).json);
    const from = new Date(Date.parse(to) - 1_234).toISOString();
    const answer = await send(`${worker.url}/service-uptime?from=${from}&to=${to}`);
    expect(serviceUptimesSchema.parse(answer.json)).toMatchObject({ from, to, window_ms: 1_234 });
  });

  it.each([
    ['window=60', 'window'],
    ['window=-1s', 'window'],
    ['window=32d', 'window'],
    ['from=2026-11-22T12:00:00.000Z', 'to'],
    ['from=now&to=2026-11-22T12:00:00.000Z', 'from'],
    ['from=2026-11-22T12:00:00.000Z&to=2026-11-22T12:00:00.000Z', 'to'],
  ])('refuses ?%s and names %s', async (query, field) => {
    const problem = problemOf(await send(`${worker.url}/service-uptime?${query}`));
    expect(problem.status).toBe(400);
    expect(problem.fields).toEqual([field]);
  });
});
