import { afterEach, describe, expect, it } from '@jest/globals';

import { Scenario, type ScenarioOptions } from '../../testing/scenario.js';
import { MonitoringPlan } from '../plan/monitoring-plan.js';

const redis = 'redis_scb';
let scenario: Scenario;

const begin = async (options?: ScenarioOptions) => (scenario = await Scenario.begin(options));

afterEach(async () => {
  await scenario.end();
});

describe('scenarios of names', () => {
  it('7 · a service that Compose makes anew is down from the removal of the old to the start of the new', async () => {
    await begin();
    const { engine } = scenario;
    const fromMs = scenario.nowMs;
    const old = engine.service(redis).id;
    await scenario.pass(1_000);
    // Created under a temporary name, renamed when the old one is gone, started last.
    const made = engine.createService({ name: '0123456789ab_redis_scb' });
    made.kill();
    await scenario.pass(1_000);
    engine.removeService(redis);
    await scenario.pass(400);
    made.rename(redis);
    await scenario.pass(300);
    made.start();
    await scenario.pass(6_000);
    const found = await scenario.account(redis, fromMs);
    expect(found).toMatchObject({ containerIds: [old, made.id], downMs: 700, unknownMs: 0 });
  });

  it('8 · a container renamed away is missing, and the report names the impostor under its name', async () => {
    await begin();
    const { engine } = scenario;
    const original = engine.service(redis).id;
    const beganMs = scenario.nowMs;
    await scenario.pass(2_000);
    engine.renameService(redis, 'hidden');
    const renamedMs = scenario.nowMs;
    await scenario.pass(100);
    expect((await scenario.account(redis, beganMs, renamedMs)).upMs).toBe(2_000);
    expect(scenario.stateOf(redis)).toEqual({ state: 'down', reason: 'missing' });
    const fromMs = scenario.nowMs;
    await scenario.pass(2_000);
    const impostor = engine.createService({ name: redis });
    await scenario.pass(6_000);
    const { downMs, containerIds } = await scenario.account(redis, fromMs);
    expect(downMs).toBe(2_000);
    expect(containerIds).toEqual([impostor.id]);
    // What happens to the one that left concerns the service no longer.
    const laterMs = scenario.nowMs;
    engine.killService('hidden');
    await scenario.pass(6_000);
    const later = await scenario.account(redis, laterMs, laterMs + 5_000);
    expect(later).toMatchObject({ upMs: 5_000, containerIds: [impostor.id] });
    expect(original).not.toBe(impostor.id);
  });

  it('9 · a container whose name, or whose id, only begins like the service is not the service', async () => {
    await begin({ watched: [redis, 'redis'] });
    const { engine } = scenario;
    engine.createService({ name: `${redis}_fake` });
    const fromMs = scenario.nowMs;
    expect(scenario.stateOf('redis')).toEqual({ state: 'down', reason: 'missing' });
    const { asked } = engine;
    engine.killService(`${redis}_fake`);
    await scenario.rest();
    expect(engine.asked).toBe(asked);
    await scenario.pass(6_000);
    expect((await scenario.account(redis, fromMs, fromMs + 5_000)).upMs).toBe(5_000);
    await scenario.end();
    // The Engine takes the beginning of an id for a name.
    const [prefix, rest] = ['decade', '0'.repeat(58)];
    await begin({ services: [{ name: redis, id: `${prefix}${rest}` }], watched: [redis, prefix] });
    expect(scenario.stateOf(redis).state).toBe('up');
    expect(scenario.stateOf(prefix)).toEqual({ state: 'down', reason: 'missing' });
  });

  it('17 · labels that look like the attributes of an event decide nothing', async () => {
    const labels = {
      name: redis,
      exitCode: '0',
      oldName: `/${redis}`,
      signal: '9',
      execDuration: '-1',
      timeNano: '1',
    };
    await begin();
    const { engine } = scenario;
    const fromMs = scenario.nowMs;
    const forger = engine.createService({ name: 'forger', labels });
    forger.rename('forger_again');
    forger.pause();
    engine.removeService('forger_again');
    scenario.clock.jump(150);
    await scenario.pass(6_000);
    expect((await scenario.account(redis, fromMs, fromMs + 5_000)).upMs).toBe(5_000);
    // And they do not hide the death of the one that bears them.
    const own = engine.createService({ name: 'own', labels: { exitCode: '0', status: 'start' } });
    expect(own.isRunning).toBe(true);
    await scenario.end();
    await begin({
      services: [{ name: redis, labels: { exitCode: '0', Action: 'start', health: 'healthy' } }],
    });
    const diedMs = scenario.nowMs;
    scenario.engine.killService(redis);
    scenario.clock.jump(300);
    scenario.engine.startService(redis);
    await scenario.pass(6_000);
    expect(await scenario.account(redis, diedMs - 1_000)).toMatchObject({ downMs: 300, unknownMs: 0 });
    scenario.engine.killService(redis);
    await scenario.pass(100);
    expect(scenario.stateOf(redis)).toEqual({ state: 'down', reason: 'exited' });
  });

  it('32 · sleep infinity under the right name, another command, and a mounted binary earn nothing', async () => {
    const command = ['docker-entrypoint.sh', 'redis-server'];
    const images = [`sha256:${'a'.repeat(64)}`];
    const services = ['right', 'sleeper', 'rebuilt', 'mounted', 'joined'];
    const plan = new MonitoringPlan(
      services.map((name) => ({ services: name, probe: null, identity: { command, images, binds: [] } })),
    );
    await begin({ services: services.map((name) => ({ name })), monitor: { plan } });
    for (const name of services) {
      const container = scenario.engine.service(name);
      container.command = name === 'sleeper' ? ['sleep', 'infinity'] : command;
      container.imageId = name === 'rebuilt' ? `sha256:${'b'.repeat(64)}` : `sha256:${'a'.repeat(64)}`;
      if (name === 'mounted') {
        const Destination = '/usr/local/bin/redis-server';
        container.mounts = [{ Type: 'bind', Source: '/tmp/fake', Destination }];
      }
      if (name === 'joined') container.networkMode = `container:${scenario.engine.service('right').id}`;
    }
    await scenario.pass(6_000);
    const fromMs = scenario.nowMs;
    await scenario.pass(6_000);
    expect(services.map((name) => scenario.stateOf(name).reason)).toEqual([
      null,
      'identity mismatch: command',
      `identity mismatch: image sha256:${'b'.repeat(12)}`,
      'identity mismatch: mount on /usr/local/bin/redis-server',
      'identity mismatch: network of another container',
    ]);
    const up = await Promise.all(
      services.map(async (name) => (await scenario.account(name, fromMs, fromMs + 5_000)).upMs),
    );
    expect(up).toEqual([5_000, 0, 0, 0, 0]);
  });
});
