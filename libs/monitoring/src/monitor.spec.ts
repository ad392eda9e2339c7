import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';

import { allUp, MonitorRig, settled, transition, until, uptime } from '../testing/monitor-rig.js';
import { InvalidDockerHostError } from './containers/docker-host.js';
import { InvalidServiceNameError } from './containers/service-selection.js';
import { Monitor } from './monitor.js';
import { BeyondWatermarkError, InvalidWindowError } from './answers/window-errors.js';

const services = ['redis_scb', 'autogen_agent'];
let engine: SimulatedEngine;
let rig: MonitorRig;

beforeEach(async () => {
  engine = await startSimulatedEngine({ services: services.map((name) => ({ name })) });
  rig = await MonitorRig.create(engine.dockerHost);
});

afterEach(async () => {
  await rig.end();
  await engine.stop();
});

describe('Monitor', () => {
  it('counts the time of running containers as up', async () => {
    const monitor = await rig.start(services);
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

  it('gives the same answer to the same question', async () => {
    const monitor = await rig.start(services);
    const fromMs = (await allUp(monitor)) - 200;
    const toMs = await settled(monitor);
    const answer = monitor.window(fromMs, toMs);
    engine.killService('redis_scb');
    await settled(monitor);
    expect(monitor.window(fromMs, toMs)).toEqual(answer);
  });

  it('knows nothing of the time before it was started', async () => {
    const monitor = await rig.start(services);
    const toMs = await allUp(monitor);
    expect(uptime(monitor, 'redis_scb', toMs - 3_600_000, toMs - 1_800_000)).toMatchObject({
      upMs: 0,
      unknownMs: 1_800_000,
    });
  });

  it('refuses a window that reaches beyond the watermark, and one that is none', async () => {
    const monitor = await rig.start(services);
    await allUp(monitor);
    expect(() => monitor.window(Date.now(), Date.now() + 60_000)).toThrow(BeyondWatermarkError);
    expect(() => monitor.window(2_000, 1_000)).toThrow(InvalidWindowError);
    expect(() => monitor.window(1_000, 1_000)).toThrow(InvalidWindowError);
    expect(() => monitor.window(0.5, 1_000)).toThrow(InvalidWindowError);
  });

  it('counts a service without a container as down', async () => {
    const monitor = await rig.start(['nobody', 'redis_scb']);
    await until(() => monitor.statuses()[1]?.state === 'up');
    const fromMs = await settled(monitor);
    const toMs = await settled(monitor);
    expect(uptime(monitor, 'nobody', fromMs, toMs)).toMatchObject({
      downMs: toMs - fromMs,
      containerIds: [],
    });
    expect(monitor.statuses()[0]).toMatchObject({ status: 'missing', state: 'down', reason: 'missing' });
    expect(monitor.window(fromMs, toMs).allUpMs).toBe(0);
  });

  it('does not take the beginning of a container id for its name', async () => {
    const prefix = engine.service('redis_scb').id.slice(0, 12);
    const monitor = await rig.start([prefix]);
    await until(() => monitor.statuses()[0]?.status === 'missing');
  });

  it('lets a glob stand for the containers that exist, as they come and go', async () => {
    const monitor = await rig.start(['s1_*', 'redis_scb']);
    await until(() => monitor.statuses()[0]?.state === 'up');
    expect(monitor.statuses().map(({ name }) => name)).toEqual(['redis_scb']);
    engine.createService({ name: 's1_b' });
    engine.createService({ name: 's1_a' });
    engine.createService({ name: 'other' });
    await until(() => monitor.statuses().length === 3);
    expect(monitor.statuses().map(({ name }) => name)).toEqual(['redis_scb', 's1_a', 's1_b']);
    const fromMs = await allUp(monitor);
    engine.removeService('s1_a');
    await until(() => monitor.statuses().length === 2);
    const toMs = await settled(monitor);
    const window = monitor.window(fromMs, toMs);
    expect(window.services.map(({ name }) => name)).toEqual(['redis_scb', 's1_a', 's1_b']);
    expect(uptime(monitor, 's1_a', fromMs, toMs).upMs).toBeLessThan(toMs - fromMs);
    expect(monitor.window(toMs - 1, toMs).services.map(({ name }) => name)).toEqual(['redis_scb', 's1_b']);
  });

  it('keeps nothing of a container but what it needs', async () => {
    const monitor = await rig.start(services);
    await allUp(monitor);
    expect(JSON.stringify([monitor.statuses(), monitor.engine()])).not.toContain('not-for-anyone');
  });

  it('refuses names that are none and addresses that are not understood', () => {
    const { dataDir } = rig;
    expect(() => new Monitor({ services: ['a/b'], dataDir })).toThrow(InvalidServiceNameError);
    expect(() => new Monitor({ services, dataDir, dockerHost: 'ssh://there' })).toThrow(
      InvalidDockerHostError,
    );
  });

  it('starts without an Engine, says what is wrong, counts unknown time and recovers by itself', async () => {
    await engine.goAway();
    const monitor = await rig.start(services);
    const fromMs = await settled(monitor);
    const toMs = await settled(monitor);
    expect(uptime(monitor, 'redis_scb', fromMs, toMs).unknownMs).toBe(toMs - fromMs);
    expect(monitor.engine()).toMatchObject({
      watched: false,
      id: '',
      lastError: expect.stringContaining('ENOENT'),
    });
    const up = transition(monitor, 'redis_scb', 'up');
    await engine.comeBack();
    expect(await up).toMatchObject({ from: 'unknown' });
    await until(() => monitor.engine().id === engine.id);
  });
});
