import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';

import { BeyondWatermarkError, InvalidWindowError } from './monitor-errors.js';
import { Monitor, type MonitorOptions } from './monitor.js';
import type { Transition } from './monitor-status.js';
import type { ServiceState } from './segments/service-state.js';

const limitMs = 10_000;

let engine: SimulatedEngine;
let dataDir: string;
let monitors: Monitor[];

beforeEach(async () => {
  engine = await startSimulatedEngine({ services: [{ name: 'redis_scb' }, { name: 'autogen_agent' }] });
  dataDir = await mkdtemp(join(tmpdir(), 'monitor-'));
  monitors = [];
});

afterEach(async () => {
  for (const monitor of monitors) await monitor.stop();
  await engine.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function startMonitor(options: Partial<MonitorOptions> = {}): Promise<Monitor> {
  const monitor = new Monitor({
    services: ['redis_scb', 'autogen_agent'],
    dockerHost: engine.dockerHost,
    dataDir,
    inspectEveryMs: 50,
    ...options,
  });
  await monitor.start();
  monitors.push(monitor);
  return monitor;
}

/** Resolves with the transition; its limit is what fails the test when it does not happen. */
function transition(monitor: Monitor, service: string, to: ServiceState): Promise<Transition> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      reject(new Error(`${service} did not become ${to}`));
    }, limitMs);
    const listen = (seen: Transition) => {
      if (seen.service !== service || seen.to !== to) return;
      clearTimeout(limit);
      monitor.off('transition', listen);
      resolve(seen);
    };
    monitor.on('transition', listen);
  });
}

async function until(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`Not in time: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Everything up to now lies before the watermark. */
async function settled(monitor: Monitor): Promise<number> {
  const nowMs = Date.now();
  await until(() => monitor.watermarkMs() > nowMs);
  return nowMs;
}

const stateOf = (monitor: Monitor, service: string) =>
  monitor.statuses().find(({ name }) => name === service)?.state;

async function allUp(monitor: Monitor): Promise<number> {
  await until(() => monitor.statuses().every(({ state }) => state === 'up'));
  return settled(monitor);
}

function uptime(monitor: Monitor, service: string, fromMs: number, toMs: number) {
  const found = monitor.window(fromMs, toMs).services.find(({ name }) => name === service);
  if (!found) throw new Error(`${service} is not in the window`);
  return found;
}

describe('Monitor', () => {
  it('counts the time of running containers as up', async () => {
    const monitor = await startMonitor();
    const fromMs = await allUp(monitor);
    const toMs = await settled(monitor);
    const windowMs = toMs - fromMs;
    const window = monitor.window(fromMs, toMs);
    expect(window.allUpMs).toBe(windowMs);
    expect(window.services).toEqual([
      {
        name: 'redis_scb',
        containerIds: [engine.service('redis_scb').id],
        upMs: windowMs,
        inferredUpMs: 0,
        downMs: 0,
        startingMs: 0,
        unknownMs: 0,
      },
      expect.objectContaining({ name: 'autogen_agent', upMs: windowMs }),
    ]);
    expect(monitor.engine()).toMatchObject({
      watched: true,
      id: engine.id,
      version: 'simulated',
      lastError: null,
    });
    expect(monitor.journal()).toMatchObject({ writable: true, lastError: null });
  });

  it('counts a killed container as down from the moment of its end, and up again from its start', async () => {
    const monitor = await startMonitor({ inspectEveryMs: 1_000 });
    const fromMs = await allUp(monitor);
    const down = transition(monitor, 'redis_scb', 'down');
    engine.killService('redis_scb');
    const diedMs = Date.parse(engine.service('redis_scb').finishedAt);
    expect(await down).toMatchObject({ from: 'up', reason: 'exited', atMs: diedMs });
    const up = transition(monitor, 'redis_scb', 'up');
    engine.startService('redis_scb');
    const startedMs = Date.parse(engine.service('redis_scb').startedAt);
    await up;
    const toMs = await settled(monitor);
    const { downMs, upMs } = uptime(monitor, 'redis_scb', fromMs, toMs);
    expect(Math.abs(downMs - (startedMs - diedMs))).toBeLessThanOrEqual(2);
    expect(upMs).toBe(toMs - fromMs - downMs);
    expect(monitor.window(fromMs, toMs).allUpMs).toBe(upMs);
  });

  it('refuses a window that reaches beyond the watermark, and one that is none', async () => {
    const monitor = await startMonitor();
    await allUp(monitor);
    expect(() => monitor.window(Date.now(), Date.now() + 60_000)).toThrow(BeyondWatermarkError);
    expect(() => monitor.window(2_000, 1_000)).toThrow(InvalidWindowError);
    expect(() => monitor.window(0.5, 1_000)).toThrow(InvalidWindowError);
  });

  it('counts a service without a container as down', async () => {
    const monitor = await startMonitor({ services: ['nobody', 'redis_scb'] });
    await until(() => stateOf(monitor, 'redis_scb') === 'up');
    const fromMs = await settled(monitor);
    const toMs = await settled(monitor);
    expect(uptime(monitor, 'nobody', fromMs, toMs)).toMatchObject({
      downMs: toMs - fromMs,
      containerIds: [],
    });
    expect(monitor.statuses()[0]).toMatchObject({ status: 'missing', state: 'down', reason: 'missing' });
    expect(monitor.window(fromMs, toMs).allUpMs).toBe(0);
  });

  it('counts the time in which the Engine does not answer as unknown, and recovers by itself', async () => {
    const monitor = await startMonitor();
    await allUp(monitor);
    const unknown = transition(monitor, 'redis_scb', 'unknown');
    await engine.goAway();
    expect((await unknown).reason).toBe('engine unreachable');
    const fromMs = await settled(monitor);
    const toMs = await settled(monitor);
    expect(uptime(monitor, 'redis_scb', fromMs, toMs).unknownMs).toBe(toMs - fromMs);
    expect(monitor.engine()).toMatchObject({ watched: false, lastError: expect.stringContaining('ENOENT') });
    await engine.comeBack();
    await allUp(monitor);
    await until(() => monitor.engine().watched);
  });
});
