import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import {
  allUp,
  EventlessEngine,
  Lifeline,
  measureAccuracy,
  MonitorRig,
  RealContainers,
  settled,
  transition,
  until,
  uptime,
} from '#monitoring/testing';

import { docker, dockerHost, isThere } from './support/real-engine.js';

const onEngine = isThere ? describe : describe.skip;

onEngine('a monitor on a real Docker Engine', () => {
  let containers: RealContainers;
  let rig: MonitorRig;
  let redis: string;
  let agent: string;

  beforeAll(async () => {
    containers = await RealContainers.on(docker);
    [redis, agent] = [containers.name('redis'), containers.name('agent')];
  });

  beforeEach(async () => {
    await Promise.all([redis, agent].map((name) => containers.run(name)));
    rig = await MonitorRig.create(dockerHost);
  });

  afterEach(async () => {
    await rig.end();
    await containers.removeAll();
  });

  afterAll(async () => {
    await containers.end();
  });

  it('tells an impostor from the container that was renamed away, and follows one that is made anew', async () => {
    const monitor = await rig.start([redis, agent], { inspectEveryMs: 1_000 });
    await allUp(monitor);
    const original = await containers.get(redis).inspect();
    let down = transition(monitor, redis, 'down');
    await containers.get(redis).rename({ name: containers.name('hidden') });
    expect((await down).reason).toBe('missing');
    let fromMs = await settled(monitor);
    let up = transition(monitor, redis, 'up');
    const impostor = await containers.run(redis);
    await up;
    let toMs = await settled(monitor);
    expect(uptime(monitor, redis, fromMs, toMs)).toMatchObject({ containerIds: [impostor.id], unknownMs: 0 });
    // What becomes of the one that left is nobody's business.
    await containers.get(original.Id).remove({ force: true });
    fromMs = toMs;
    toMs = await settled(monitor);
    expect(uptime(monitor, redis, fromMs, toMs).upMs).toBe(toMs - fromMs);
    // As Compose does it: made under another name, the old one removed, renamed, started.
    const made = await containers.create(containers.name('temporary'));
    down = transition(monitor, redis, 'down');
    await impostor.remove({ force: true });
    await down;
    up = transition(monitor, redis, 'up');
    await made.rename({ name: redis });
    await made.start();
    await up;
    fromMs = toMs;
    toMs = await settled(monitor);
    const found = uptime(monitor, redis, fromMs, toMs);
    expect(found).toMatchObject({ containerIds: [impostor.id, made.id], unknownMs: 0 });
    expect(found.downMs).toBeGreaterThan(0);
  });

  it('counts a crash loop as down but for its bursts', async () => {
    const crashing = containers.name('crashing');
    const monitor = await rig.start([crashing, agent], { inspectEveryMs: 1_000 });
    const down = transition(monitor, crashing, 'down');
    await until(() => monitor.engine().watched);
    await containers.run(crashing, { script: 'exit 3', restartPolicy: 'always' });
    await down;
    const fromMs = await settled(monitor);
    let restarts = 0;
    await until(() => {
      void containers
        .get(crashing)
        .inspect()
        .then(({ RestartCount }) => (restarts = RestartCount));
      return restarts >= 4;
    });
    const toMs = await settled(monitor);
    const found = uptime(monitor, crashing, fromMs, toMs);
    expect(found.upMs).toBeLessThan(found.downMs);
    expect(uptime(monitor, agent, fromMs, toMs).upMs).toBe(toMs - fromMs);
  });

  it('is not moved by a SIGHUP, nor by three hundred events of others and a pause among them', async () => {
    const monitor = await rig.start([redis, agent], { inspectEveryMs: 1_000 });
    const fromMs = await allUp(monitor);
    await containers.get(redis).kill({ signal: 'SIGHUP' });
    const noise = containers.name('noise');
    await containers.create(noise);
    // Two at a time would collide; each is one event.
    for (let count = 0; count < 150; count++) {
      await containers.get(noise).rename({ name: `${noise}-again` });
      await containers.get(`${noise}-again`).rename({ name: noise });
    }
    const quietMs = await settled(monitor);
    for (const name of [redis, agent]) {
      expect(uptime(monitor, name, fromMs, quietMs).upMs).toBe(quietMs - fromMs);
    }
    const down = transition(monitor, redis, 'down');
    await containers.get(redis).pause();
    expect((await down).reason).toBe('paused');
    const up = transition(monitor, redis, 'up');
    await containers.get(redis).unpause();
    await up;
  });

  it('follows a health check there and back', async () => {
    const checked = containers.name('checked');
    const monitor = await rig.start([checked], { inspectEveryMs: 1_000 });
    let up = transition(monitor, checked, 'up');
    await containers.run(checked, { health: ['test', '!', '-e', '/broken'] });
    await up;
    const fromMs = await settled(monitor);
    const down = transition(monitor, checked, 'down');
    await containers.exec(checked, '/busybox touch /broken');
    expect((await down).reason).toBe('unhealthy');
    up = transition(monitor, checked, 'up');
    await containers.exec(checked, '/busybox rm /broken');
    await up;
    const toMs = await settled(monitor);
    const { upMs, downMs } = uptime(monitor, checked, fromMs, toMs);
    expect(upMs + downMs).toBe(toMs - fromMs);
    expect(downMs).toBeGreaterThan(0);
  });

  describe('whose process itself says when it runs', () => {
    let lifeline: Lifeline;
    let name: string;

    beforeEach(async () => {
      lifeline = await Lifeline.lay();
      name = containers.name('alive');
      await containers.run(name, { script: lifeline.script, binds: [lifeline.bind] });
      await lifeline.next('began');
    });

    afterEach(async () => {
      await containers.get(name).remove({ force: true });
      await lifeline.end();
    });

    it('reports at most 50 ms too much and 250 ms too little up time where events tell of it', async () => {
      const monitor = await rig.start([name], { inspectEveryMs: 2_000 });
      await allUp(monitor);
      const found = await measureAccuracy({
        ...{ containers, name, lifeline, monitor },
        deeds: ['kill', 'start', 'stop', 'start', 'restart', 'pause', 'unpause'],
        calmMs: () => 300,
      });
      const outside = found.filter(({ beyondMs }) => beyondMs > 50 || beyondMs < -250);
      expect(outside).toEqual([]);
      expect(found).toHaveLength(7);
    });

    it('reports an inspection interval too little at most where only inspection sees it, and never too much', async () => {
      const intervalMs = 500;
      const eventless = await EventlessEngine.before(dockerHost.replace('unix://', ''));
      const deaf = await MonitorRig.create(eventless.dockerHost);
      try {
        const monitor = await deaf.start([name], { inspectEveryMs: intervalMs });
        await allUp(monitor);
        const found = await measureAccuracy({
          ...{ containers, name, lifeline, monitor },
          deeds: ['kill', 'start', 'restart'],
          calmMs: (index) => 2_000 + index * 130,
        });
        // A round takes 150 ms more, in which it waits for late events.
        const outside = found.filter(({ beyondMs }) => beyondMs > 0 || beyondMs < -(intervalMs + 400));
        expect(outside).toEqual([]);
        expect(found).toHaveLength(3);
      } finally {
        await deaf.end();
        await eventless.end();
      }
    });
  });
});
