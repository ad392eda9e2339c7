import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import Docker from 'dockerode';

import { allUp, MonitorRig, settled, transition, until, uptime } from '../testing/monitor-rig.js';
import { tarOf } from '../testing/tar.js';
import { parseDockerHost } from './containers/docker-host.js';
import { MonitoringPlan } from './plan/monitoring-plan.js';

const required = process.env.REQUIRE_DOCKER === '1';
const dockerHost = process.env.DOCKER_HOST;
const docker = new Docker({ ...parseDockerHost(dockerHost), timeout: 30_000 });
const busybox = '/bin/busybox';

/** An Engine answers, and there is something to run: nothing can be pulled. */
async function isAvailable(): Promise<boolean> {
  try {
    await docker.ping();
    await readFile(busybox);
    return true;
  } catch {
    return false;
  }
}

const onEngine = required || (await isAvailable()) ? describe : describe.skip;

const prefix = `monitor-spec-${randomBytes(4).toString('hex')}`;
const image = `${prefix}:1`;
const names = ['orchestrator', 'redis', 'agent', 'postgres', 'neo4j', 'gateway', 'ollama'].map(
  (name) => `${prefix}-${name}`,
);
const redis = `${prefix}-redis`;

async function run(name: string, health?: string): Promise<Docker.Container> {
  const container = await docker.createContainer({
    name,
    Image: image,
    Cmd: ['/busybox', 'sleep', '3600'],
    StopTimeout: 1,
    HostConfig: { NetworkMode: 'none' },
    ...(health !== undefined && {
      Healthcheck: { Test: ['CMD', '/busybox', 'sh', '-c', health], Interval: 1e8, Timeout: 1e9, Retries: 1 },
    }),
  });
  await container.start();
  return container;
}

const container = (name: string) => docker.getContainer(name);

async function engineTimes(name: string): Promise<{ startedMs: number; finishedMs: number }> {
  const { State } = await container(name).inspect();
  return { startedMs: Date.parse(State.StartedAt), finishedMs: Date.parse(State.FinishedAt) };
}

onEngine('Monitor on a real Docker Engine', () => {
  let rig: MonitorRig;

  beforeAll(async () => {
    const tar = tarOf([{ name: 'busybox', mode: 0o755, content: await readFile(busybox) }]);
    const answer = await docker.importImage(Readable.from([tar]), { repo: prefix, tag: '1' });
    await new Promise((resolve, reject) => {
      answer.on('end', resolve).on('error', reject).resume();
    });
  });

  beforeEach(async () => {
    await Promise.all(names.map((name) => run(name)));
    rig = await MonitorRig.create(dockerHost ?? '');
  });

  afterEach(async () => {
    await rig.end();
    const ours = await docker.listContainers({ all: true, filters: { name: [prefix] } });
    await Promise.all(ours.map(({ Id }) => docker.getContainer(Id).remove({ force: true })));
  });

  afterAll(async () => {
    await docker.getImage(image).remove({ force: true });
  });

  it('sees one of seven services killed and started again, to the Engine’s own millisecond', async () => {
    const monitor = await rig.start(names, { inspectEveryMs: 2_000 });
    const fromMs = await allUp(monitor);
    expect(monitor.engine().id).not.toBe('');
    const down = transition(monitor, redis, 'down');
    await container(redis).kill();
    expect(await down).toMatchObject({ reason: 'exited' });
    const { finishedMs } = await engineTimes(redis);
    const up = transition(monitor, redis, 'up');
    await container(redis).start();
    await up;
    const { startedMs } = await engineTimes(redis);
    const toMs = await settled(monitor);
    const found = uptime(monitor, redis, fromMs, toMs);
    const trueDownMs = startedMs - finishedMs;
    expect(found.downMs).toBeGreaterThanOrEqual(trueDownMs);
    expect(found.upMs + found.downMs).toBe(toMs - fromMs);
    for (const other of names.filter((name) => name !== redis)) {
      expect(uptime(monitor, other, fromMs, toMs).upMs).toBe(toMs - fromMs);
    }
    expect(monitor.window(fromMs, toMs).allUpMs).toBe(found.upMs);
  });

  it('tells of a killed container well before the next inspection would', async () => {
    const monitor = await rig.start(names, { inspectEveryMs: 60_000 });
    await until(() => monitor.engine().watched && monitor.statuses().every(({ state }) => state === 'up'));
    const down = transition(monitor, redis, 'down');
    await container(redis).kill();
    const { atMs } = await down;
    expect(monitor.statuses().find(({ name }) => name === redis)).toMatchObject({
      state: 'down',
      sinceMs: atMs,
    });
    // The event comes a little after the end that it tells of.
    expect(atMs).toBeGreaterThanOrEqual((await engineTimes(redis)).finishedMs);
  });

  it('follows a pause, a restart, a removal and a rename', async () => {
    const monitor = await rig.start(names, { inspectEveryMs: 1_000 });
    await allUp(monitor);

    let down = transition(monitor, redis, 'down');
    let up = transition(monitor, redis, 'up');
    await container(redis).pause();
    expect((await down).reason).toBe('paused');
    await container(redis).unpause();
    await up;

    const fromMs = await settled(monitor);
    await container(redis).restart({ t: 0 });
    const restartedMs = await settled(monitor);
    expect(uptime(monitor, redis, fromMs, restartedMs).downMs).toBeGreaterThan(0);

    down = transition(monitor, redis, 'down');
    await container(redis).remove({ force: true });
    await down;
    const other = await run(`${prefix}-temporary`);
    up = transition(monitor, redis, 'up');
    await other.rename({ name: redis });
    await up;
    const toMs = await settled(monitor);
    const found = uptime(monitor, redis, fromMs, toMs);
    expect(found.containerIds).toHaveLength(2);
    expect(found.containerIds.at(-1)).toBe(other.id);
    expect(found.upMs + found.downMs).toBe(toMs - fromMs);
  });

  it('follows a health check', async () => {
    const checked = `${prefix}-checked`;
    const monitor = await rig.start([checked]);
    const up = transition(monitor, checked, 'up');
    await run(checked, '[ ! -e /broken ]');
    await up;
    const fromMs = await settled(monitor);
    const down = transition(monitor, checked, 'down');
    const exec = await container(checked).exec({ Cmd: ['/busybox', 'touch', '/broken'] });
    const started = await exec.start({ Detach: true });
    started.destroy();
    expect((await down).reason).toBe('unhealthy');
    const toMs = await settled(monitor);
    expect(uptime(monitor, checked, fromMs, toMs)).toMatchObject({ startingMs: 0, unknownMs: 0 });
  });

  it('lets a program that only bears the name earn nothing', async () => {
    const image = (await container(redis).inspect()).Image;
    const policy = (command: string[], images = [image]) => ({ images, command, binds: [] });
    const [impostor = '', rebuilt = ''] = names.filter((name) => name !== redis);
    const plan = new MonitoringPlan([
      { services: redis, probe: null, identity: policy(['/busybox', 'sleep', '3600']) },
      { services: impostor, probe: null, identity: policy(['docker-entrypoint.sh', 'redis-server']) },
      {
        services: rebuilt,
        probe: null,
        identity: policy(['/busybox', 'sleep', '3600'], [`sha256:${'0'.repeat(64)}`]),
      },
    ]);
    const monitor = await rig.start([redis, impostor, rebuilt], { plan, inspectEveryMs: 1_000 });
    const up = transition(monitor, redis, 'up');
    const down = transition(monitor, impostor, 'down');
    await Promise.all([up, down, transition(monitor, rebuilt, 'down')]);
    const fromMs = await settled(monitor);
    const toMs = await settled(monitor);
    expect(monitor.statuses().map(({ running, reason }) => [running, reason])).toEqual([
      [true, null],
      [true, 'identity mismatch: command'],
      [true, `identity mismatch: image ${image.slice(0, 19)}`],
    ]);
    expect(uptime(monitor, redis, fromMs, toMs).upMs).toBe(toMs - fromMs);
    expect(uptime(monitor, impostor, fromMs, toMs)).toMatchObject({ upMs: 0, downMs: toMs - fromMs });
    expect(uptime(monitor, rebuilt, fromMs, toMs)).toMatchObject({ upMs: 0, downMs: toMs - fromMs });
  });

  it('refuses what is mounted into a container, and the network of another one', async () => {
    const options = { Image: image, Cmd: ['/busybox', 'sleep', '3600'] };
    const mounted = await docker.createContainer({
      ...options,
      name: `${prefix}-mounted`,
      HostConfig: { NetworkMode: 'none', Binds: ['/etc/hostname:/busybox.conf:ro'] },
    });
    const joined = await docker.createContainer({
      ...options,
      name: `${prefix}-joined`,
      HostConfig: { NetworkMode: `container:${redis}` },
    });
    const services = [`${prefix}-mounted`, `${prefix}-joined`];
    const plan = new MonitoringPlan([{ services: `${prefix}-*`, probe: null, identity: { binds: [] } }]);
    const monitor = await rig.start(services, { plan });
    await Promise.all([mounted.start(), joined.start()]);
    await until(() => monitor.statuses().every(({ running }) => running));
    expect(monitor.statuses().map(({ reason }) => reason)).toEqual([
      'identity mismatch: mount on /busybox.conf',
      'identity mismatch: network of another container',
    ]);
  });

  it('infers the up time of a short absence from what the Engine remembers', async () => {
    const first = await rig.start(names);
    const fromMs = await allUp(first);
    await rig.stop(first);
    const second = await rig.start(names);
    const toMs = await allUp(second);
    const found = uptime(second, redis, fromMs, toMs);
    expect(found.inferredUpMs).toBeGreaterThan(0);
    expect(found.upMs).toBe(toMs - fromMs);
  });
});
