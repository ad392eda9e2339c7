import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import {
  allUp,
  isProgram,
  MonitorRig,
  OwnEngine,
  RealContainers,
  settled,
  until,
  uptime,
} from '#monitoring/testing';

import { isThere, required } from './support/real-engine.js';

// Another daemon can be started only by root, and where there is one to start.
const canStartEngines = required || (isThere && process.getuid?.() === 0 && (await isProgram('dockerd')));
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
    rig = await MonitorRig.create(engine.dockerHost);
  }, 120_000);

  afterAll(async () => {
    await rig.end();
    await engine.remove();
  }, 120_000);

  it('with live-restore: unknown while nobody answers, up before and after, in the same run', async () => {
    const monitor = await rig.start([redis], { inspectEveryMs: 500 });
    const fromMs = await allUp(monitor);
    const before = await containers.times(redis);
    await engine.end();
    await until(() => !monitor.engine().watched);
    const goneMs = Date.now();
    const unwatchedMs = await settled(monitor);
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
    await rig.stop(monitor);
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
    await rig.stop(monitor);
  }, 120_000);
});
