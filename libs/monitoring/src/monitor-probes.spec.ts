import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';

import { allUp, MonitorRig, settled, transition, until, uptime } from '../testing/monitor-rig.js';
import type { Monitor } from './monitor.js';
import { MonitoringPlan, type ServicePlan } from './plan/monitoring-plan.js';

const service = 'autogen_agent';
const neighbour = 'redis_scb';

let engine: SimulatedEngine;
let rig: MonitorRig;
let server: Server;
/** What the service answers; null is silence. */
let status: number | null;
let asked: number;

beforeEach(async () => {
  engine = await startSimulatedEngine({ services: [{ name: service }, { name: neighbour }] });
  rig = await MonitorRig.create(engine.dockerHost);
  status = 200;
  asked = 0;
  server = createServer((_request, response) => {
    asked++;
    if (status !== null) response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  await rig.end();
  await engine.stop();
  server.closeAllConnections();
  server.close();
});

function planOf(identity: ServicePlan['identity'] = null): MonitoringPlan {
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const target = { type: 'http' as const, url: `http://127.0.0.1:${port}/health`, status: [200] };
  const probe = { target, everyMs: 60, timeoutMs: 500, failAfter: 2, passAfter: 1 };
  return new MonitoringPlan([{ services: service, probe, identity }]);
}

const start = (plan = planOf()) => rig.start([service, neighbour], { plan });
const statusOf = (monitor: Monitor) => monitor.statuses()[0];

/** Of the time in which the neighbour, which has no probe, was up all along. */
function sums(monitor: Monitor, fromMs: number, toMs: number) {
  const { upMs, downMs, startingMs, unknownMs } = uptime(monitor, service, fromMs, toMs);
  expect(upMs + downMs + startingMs + unknownMs).toBe(toMs - fromMs);
  expect(uptime(monitor, neighbour, fromMs, toMs).upMs).toBe(toMs - fromMs);
  return { upMs, downMs, startingMs, unknownMs };
}

describe('Monitor with probes', () => {
  it('calls a container that runs starting until its probe has passed', async () => {
    status = 503;
    const monitor = await start();
    await until(() => statusOf(monitor)?.state === 'starting' && monitor.statuses()[1]?.state === 'up');
    const fromMs = await settled(monitor);
    expect(statusOf(monitor)).toMatchObject({
      reason: 'probe pending',
      running: true,
      probe: { type: 'http', state: 'pending', lastSuccessMs: null, detail: 'status 503' },
    });
    const pendingMs = await settled(monitor);
    expect(sums(monitor, fromMs, pendingMs)).toMatchObject({ upMs: 0, startingMs: pendingMs - fromMs });
    const up = transition(monitor, service, 'up');
    status = 200;
    const { atMs } = await up;
    const toMs = await settled(monitor);
    expect(sums(monitor, fromMs, toMs)).toMatchObject({ upMs: toMs - atMs, startingMs: atMs - fromMs });
    expect(monitor.statuses()[1]?.probe).toBeNull();
  });

  it('calls it down from the first failure that counts to the success that ends it', async () => {
    const monitor = await start();
    const fromMs = await allUp(monitor);
    const down = transition(monitor, service, 'down');
    status = 503;
    const failed = await down;
    expect(failed.reason).toBe('probe failed: status 503');
    const up = transition(monitor, service, 'up');
    expect(statusOf(monitor)?.probe).toMatchObject({ state: 'failing', failingSinceMs: failed.atMs });
    status = 200;
    const { atMs } = await up;
    const toMs = await settled(monitor);
    expect(sums(monitor, fromMs, toMs)).toEqual({
      upMs: toMs - fromMs - (atMs - failed.atMs),
      downMs: atMs - failed.atMs,
      startingMs: 0,
      unknownMs: 0,
    });
    expect(statusOf(monitor)?.probe).toMatchObject({ state: 'passing', failingSinceMs: null, detail: null });
  });

  it('calls the time of a service that says nothing unknown, and lets the others go on', async () => {
    const monitor = await start();
    const fromMs = await allUp(monitor);
    const unknown = transition(monitor, service, 'unknown');
    status = null;
    const { reason, atMs } = await unknown;
    expect(reason).toBe('probe timed out');
    const toMs = await settled(monitor);
    expect(sums(monitor, fromMs, toMs)).toMatchObject({ upMs: atMs - fromMs, unknownMs: toMs - atMs });
  });

  it('asks a new run of the container at once, and counts it from its own success on', async () => {
    const monitor = await start();
    const fromMs = await allUp(monitor);
    const up = transition(monitor, service, 'up');
    engine.service(service).restart();
    const { atMs } = await up;
    const toMs = await settled(monitor, atMs + 20);
    const { upMs } = sums(monitor, fromMs, toMs);
    expect(upMs).toBeLessThan(toMs - fromMs);
    expect(uptime(monitor, service, atMs, toMs).upMs).toBe(toMs - atMs);
  });

  it('earns nothing with the wrong identity, and tells it no secret', async () => {
    const monitor = await start(planOf({ command: ['python', 'agent.py'] }));
    await until(() => statusOf(monitor)?.state === 'down');
    const fromMs = await settled(monitor);
    const toMs = await settled(monitor);
    expect(statusOf(monitor)).toMatchObject({ status: 'running', reason: 'identity mismatch: command' });
    expect(sums(monitor, fromMs, toMs)).toMatchObject({ downMs: toMs - fromMs });
    expect(asked).toBe(0);
  });

  it('counts a health check only while its last result is fresh', async () => {
    const monitor = await rig.start([service, neighbour]);
    const container = engine.service(service);
    container.setHealth('healthy');
    await allUp(monitor);
    // Interval 10 s and limit 5 s: after 35 s a result is too old.
    container.checkedAt = new Date(Date.now() - 36_000).toISOString();
    await until(() => statusOf(monitor)?.state === 'unknown');
    expect(statusOf(monitor)).toMatchObject({ health: 'healthy', reason: 'health check stale' });
    const fromMs = await settled(monitor);
    const toMs = await settled(monitor);
    expect(sums(monitor, fromMs, toMs)).toMatchObject({ unknownMs: toMs - fromMs });
    container.checkedAt = null;
    await until(() => statusOf(monitor)?.state === 'up');
  });

  it('infers an absence only when the probe passes at both ends of it', async () => {
    const first = await start();
    const fromMs = await allUp(first);
    await rig.stop(first);
    const second = await start();
    const backMs = await allUp(second);
    const found = uptime(second, service, fromMs, backMs);
    expect(found).toMatchObject({ upMs: backMs - fromMs });
    expect(found.inferredUpMs).toBeGreaterThan(0);

    await rig.stop(second);
    status = 503;
    const third = await start();
    await until(() => statusOf(third)?.probe?.detail === 'status 503');
    const toMs = await settled(third);
    const { unknownMs, inferredUpMs } = uptime(third, service, backMs, toMs);
    expect(unknownMs).toBeGreaterThan(0);
    expect(inferredUpMs).toBe(0);
  });
});
