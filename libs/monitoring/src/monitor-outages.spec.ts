import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';

import { allUp, MonitorRig, settled, transition, until, uptime } from '../testing/monitor-rig.js';

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

const engineMs = (text: string) => Date.parse(text);

describe('Monitor', () => {
  it('counts a killed container as down from its end on, and up again from its start', async () => {
    const monitor = await rig.start(services, { inspectEveryMs: 1_000 });
    const fromMs = await allUp(monitor);
    const down = transition(monitor, 'redis_scb', 'down');
    engine.killService('redis_scb');
    // The event has a time of its own, a moment after the end.
    const died = { atMs: engineMs(engine.service('redis_scb').finishedAt), toldMs: Date.now() };
    const told = await down;
    expect(told).toMatchObject({ from: 'up', reason: 'exited' });
    expect(told.atMs).toBeGreaterThanOrEqual(died.atMs);
    expect(told.atMs).toBeLessThanOrEqual(died.toldMs);
    const up = transition(monitor, 'redis_scb', 'up');
    engine.startService('redis_scb');
    const started = { atMs: engineMs(engine.service('redis_scb').startedAt), toldMs: Date.now() };
    await up;
    const toMs = await settled(monitor);
    const { downMs, upMs } = uptime(monitor, 'redis_scb', fromMs, toMs);
    expect(downMs).toBeGreaterThanOrEqual(started.atMs - died.toldMs);
    expect(downMs).toBeLessThanOrEqual(started.toldMs - died.atMs);
    expect(upMs).toBe(toMs - fromMs - downMs);
    expect(monitor.window(fromMs, toMs).allUpMs).toBe(upMs);
    expect(uptime(monitor, 'autogen_agent', fromMs, toMs).upMs).toBe(toMs - fromMs);
  });

  it('sees a restart between two inspections though no event told of it, and never calls that time up', async () => {
    const monitor = await rig.start(services);
    const fromMs = await allUp(monitor);
    engine.events.dropNext(8);
    engine.restartService('redis_scb');
    const toMs = await settled(monitor);
    const { downMs, upMs } = uptime(monitor, 'redis_scb', fromMs, toMs);
    expect(downMs).toBeGreaterThan(0);
    expect(upMs + downMs).toBe(toMs - fromMs);
  });

  it('opens the event stream anew when it misses a change that inspection sees', async () => {
    const monitor = await rig.start(services);
    await allUp(monitor);
    const opened = () => engine.requests.filter((request) => request.includes('/events')).length;
    const before = opened();
    engine.events.mute(true);
    engine.killService('redis_scb');
    await until(() => opened() > before);
  });

  it('counts a pause that lies between two inspections', async () => {
    const monitor = await rig.start(services, { inspectEveryMs: 1_000 });
    const fromMs = await allUp(monitor);
    const down = transition(monitor, 'redis_scb', 'down');
    engine.pauseService('redis_scb');
    expect((await down).reason).toBe('paused');
    const up = transition(monitor, 'redis_scb', 'up');
    engine.unpauseService('redis_scb');
    await up;
    const toMs = await settled(monitor);
    const { downMs, upMs } = uptime(monitor, 'redis_scb', fromMs, toMs);
    expect(downMs).toBeGreaterThan(0);
    expect(upMs + downMs).toBe(toMs - fromMs);
  });

  it('does not mind a signal that does no harm', async () => {
    const monitor = await rig.start(services);
    const fromMs = await allUp(monitor);
    engine.killService('redis_scb', 'SIGHUP');
    const toMs = await settled(monitor);
    expect(uptime(monitor, 'redis_scb', fromMs, toMs).upMs).toBe(toMs - fromMs);
  });

  it('follows a service that Compose makes anew: temporary name, removal, rename', async () => {
    const monitor = await rig.start(services);
    const fromMs = await allUp(monitor);
    const old = engine.service('redis_scb').id;
    engine.createService({ name: 'abc_redis_scb' });
    const down = transition(monitor, 'redis_scb', 'down');
    engine.removeService('redis_scb');
    await down;
    const up = transition(monitor, 'redis_scb', 'up');
    engine.renameService('abc_redis_scb', 'redis_scb');
    await up;
    const toMs = await settled(monitor);
    const found = uptime(monitor, 'redis_scb', fromMs, toMs);
    expect(found.containerIds).toEqual([old, engine.service('redis_scb').id]);
    expect(found.downMs).toBeGreaterThan(0);
    expect(found.upMs + found.downMs).toBe(toMs - fromMs);
  });

  it('counts a renamed container as missing, and names the impostor that takes its place', async () => {
    const monitor = await rig.start(services);
    await allUp(monitor);
    const down = transition(monitor, 'redis_scb', 'down');
    engine.renameService('redis_scb', 'hidden');
    expect((await down).reason).toBe('missing');
    const fromMs = await settled(monitor);
    const up = transition(monitor, 'redis_scb', 'up');
    const impostor = engine.createService({ name: 'redis_scb' });
    await up;
    const toMs = await settled(monitor);
    const found = uptime(monitor, 'redis_scb', fromMs, toMs);
    expect(found.containerIds).toEqual([impostor.id]);
    expect(found.downMs).toBeGreaterThan(0);
  });

  it('is not misled by labels that look like attributes of an event', async () => {
    const labels = { name: 'redis_scb', oldName: '/redis_scb', exitCode: '1', timeNano: '1' };
    const monitor = await rig.start(services);
    const fromMs = await allUp(monitor);
    engine.createService({ name: 'forger', labels });
    engine.removeService('forger');
    const toMs = await settled(monitor);
    expect(uptime(monitor, 'redis_scb', fromMs, toMs).upMs).toBe(toMs - fromMs);
  });

  it('follows the health check: starting, up, unhealthy', async () => {
    engine.createService({ name: 'checked', health: 'starting' });
    const monitor = await rig.start(['checked']);
    await until(() => monitor.statuses()[0]?.state === 'starting');
    const fromMs = await settled(monitor);
    const up = transition(monitor, 'checked', 'up');
    engine.setHealth('checked', 'healthy');
    await up;
    await settled(monitor);
    const down = transition(monitor, 'checked', 'down');
    engine.setHealth('checked', 'unhealthy');
    expect((await down).reason).toBe('unhealthy');
    const toMs = await settled(monitor);
    const found = uptime(monitor, 'checked', fromMs, toMs);
    expect(Math.min(found.startingMs, found.upMs, found.downMs)).toBeGreaterThan(0);
    expect(found.startingMs + found.upMs + found.downMs).toBe(toMs - fromMs);
  });

  it('counts the time in which the Engine does not answer as unknown', async () => {
    const monitor = await rig.start(services);
    await allUp(monitor);
    const unknown = transition(monitor, 'redis_scb', 'unknown');
    await engine.goAway();
    expect((await unknown).reason).toBe('engine unreachable');
    const fromMs = await settled(monitor);
    const toMs = await settled(monitor);
    expect(uptime(monitor, 'redis_scb', fromMs, toMs).unknownMs).toBe(toMs - fromMs);
    expect(monitor.engine().watched).toBe(false);
    await engine.comeBack({ forgetful: true });
    await allUp(monitor);
  });

  it('loses no up time when a proxy cuts the event stream', async () => {
    const monitor = await rig.start(services);
    const fromMs = await allUp(monitor);
    engine.closeStreams();
    await until(() => monitor.engine().watched && engine.events.subscriberCount === 1);
    const toMs = await settled(monitor);
    expect(monitor.window(fromMs, toMs).allUpMs).toBe(toMs - fromMs);
  });

  it('lets a hung inspection delay nobody else, and calls only its time unknown', async () => {
    const monitor = await rig.start(services, { requestTimeoutMs: 1_000 });
    const fromMs = await allUp(monitor);
    const unknown = transition(monitor, 'redis_scb', 'unknown');
    const hungMs = Date.now();
    const release = engine.hang(/redis_scb/);
    const down = transition(monitor, 'autogen_agent', 'down');
    await until(() => engine.hanging > 0);
    const askedMs = Date.now();
    engine.killService('autogen_agent');
    await down;
    expect(monitor.statuses()[0]?.state).toBe('up');
    expect((await unknown).reason).toBe('inspection timed out');
    const untilMs = await settled(monitor);
    expect(uptime(monitor, 'redis_scb', hungMs, untilMs).upMs).toBeLessThanOrEqual(askedMs - hungMs);
    release();
    await until(() => monitor.statuses()[0]?.state === 'up');
    const toMs = await settled(monitor);
    const other = uptime(monitor, 'autogen_agent', fromMs, toMs);
    expect(other.unknownMs).toBe(0);
    expect(uptime(monitor, 'redis_scb', fromMs, toMs).unknownMs).toBeGreaterThan(0);
  });
});
