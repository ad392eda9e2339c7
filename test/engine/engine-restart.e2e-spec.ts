import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { allUp, MonitorRig, OwnEngine, RealContainers, settled, until, uptime } from '#monitoring/testing';

import { canStartEngines } from './support/real-engine.js';

const onOwnEngine = canStartEngines ? describe : describe.skip;

onOwnEngine('a monitor whose Engine is restarted', () => {
  let engine: OwnEngine;
  let containers: RealContainers;
  let rig: MonitorRig;
  let redis: string;

  beforeAll(async () => {
    engine = await OwnEngine.start({ liveRestore: true });
    containers = await RealContainers.on(engine.docker);
    redis = containers.name('redis');
    await containers.run(redis, { restartPolicy: 'always' });
  }, 120_000);

  beforeEach(async () => {
    rig = await MonitorRig.create(engine.dockerHost);
  });

  afterEach(async () => {
    await rig.end();
  });

  afterAll(async () => {
    await engine.remove();
  }, 120_000);

  it('with live-restore: unknown while nobody answers, up before and after, in the same run', async () => {
    const monitor = await rig.start([redis], { inspectEveryMs: 500 });
    const fromMs = await allUp(monitor);
    const before = await containers.times(redis);
    await engine.end();
    await until(() => !monitor.engine().watched);
    const goneMs = Date.now();
    const unwatchedMs = await settled(monitor, goneMs + 500);
    await engine.begin();
    const backMs = Date.now();
    const toMs = await allUp(monitor);
    expect((await containers.times(redis)).startedMs).toBe(before.startedMs);
    expect(uptime(monitor, redis, goneMs, unwatchedMs).upMs).toBe(0);
    const found = uptime(monitor, redis, fromMs, toMs);
    expect(found.downMs).toBe(0);
    expect(found.unknownMs).toBeGreaterThanOrEqual(unwatchedMs - goneMs);
    expect(found.unknownMs).toBeLessThanOrEqual(toMs - fromMs);
    expect(backMs).toBeGreaterThan(goneMs);
  }, 120_000);

  it('without live-restore: not up from the end of its process to its new start', async () => {
    await engine.end();
    await engine.begin({ liveRestore: false });
    const monitor = await rig.start([redis], { inspectEveryMs: 500 });
    await allUp(monitor);
    await engine.end();
    const endedMs = Date.now();
    await engine.begin();
    await allUp(monitor);
    const { startedMs } = await containers.times(redis);
    expect(startedMs).toBeGreaterThan(endedMs);
    expect(uptime(monitor, redis, endedMs, startedMs).upMs).toBe(0);
  }, 120_000);
});
