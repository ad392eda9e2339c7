import { afterEach, describe, expect, it } from '@jest/globals';

import { Scenario, type ScenarioOptions } from '../../testing/scenario.js';

const redis = 'redis_scb';
const agent = 'autogen_agent';
const hourMs = 3_600_000;
let scenario: Scenario;

const begin = async (options?: ScenarioOptions) => (scenario = await Scenario.begin(options));
const watchedAgain = async () => {
  await scenario.until(() => scenario.monitor.engine().watched);
  await scenario.pass(11_000);
};

afterEach(async () => {
  await scenario.end();
});

describe('scenarios of an Engine in trouble', () => {
  it('19 · an Engine restarted with live-restore: what ran goes on, but only a fresh health check makes it up', async () => {
    await begin({ services: [{ name: redis }, { name: agent, health: 'healthy' }] });
    const { engine } = scenario;
    const fromMs = scenario.nowMs;
    const started = engine.service(redis).startedAt;
    await engine.end({ liveRestore: true });
    await scenario.until(() => !scenario.monitor.engine().watched);
    await scenario.pass(3_000);
    // Health begins anew without any event.
    engine.service(agent).health = 'starting';
    await engine.comeBack({ forgetful: true });
    await watchedAgain();
    expect(engine.service(redis).startedAt).toBe(started);
    expect(scenario.stateOf(redis).state).toBe('up');
    expect(scenario.stateOf(agent).state).toBe('starting');
    const { unknownMs, downMs } = await scenario.account(redis, fromMs);
    expect(unknownMs).toBeGreaterThanOrEqual(3_000);
    expect(downMs).toBe(0);
    engine.service(agent).setHealth('healthy');
    await scenario.pass(100);
    expect(scenario.stateOf(agent).state).toBe('up');
  });

  it('19 · an Engine restarted without live-restore: down from the end that was told to the new start', async () => {
    await begin();
    const { engine } = scenario;
    await scenario.pass(2_000);
    const endedMs = scenario.nowMs;
    await engine.end({ liveRestore: false });
    await scenario.until(() => !scenario.monitor.engine().watched);
    await scenario.pass(3_000);
    await engine.comeBack({ forgetful: true });
    engine.service(redis).beginWithEngine();
    engine.service(agent).beginWithEngine();
    const begunMs = scenario.nowMs;
    await watchedAgain();
    expect((await scenario.account(redis, endedMs, begunMs)).upMs).toBe(0);
    expect((await scenario.account(redis, begunMs + 6_000, begunMs + 10_000)).upMs).toBe(4_000);
  });

  it('20 · after two hours without power nothing of them is up, whatever end the Engine writes down', async () => {
    await begin();
    const { engine } = scenario;
    const fromMs = scenario.nowMs;
    await scenario.pass(2_000);
    await engine.goAway();
    await scenario.stopWorker();
    scenario.clock.jump(2 * hourMs);
    await engine.comeBackFromPowerCut();
    expect(engine.service(redis)).toMatchObject({ exitCode: 255, status: 'exited' });
    await scenario.startWorker();
    const { upMs, inferredUpMs, unknownMs } = await scenario.account(redis, fromMs, scenario.nowMs - 6_000);
    expect(unknownMs).toBeGreaterThanOrEqual(2 * hourMs);
    expect(upMs).toBeLessThanOrEqual(2_000);
    expect(inferredUpMs).toBe(0);
    // So too where only the Engine lost its containers, and nobody asked before it was back.
    engine.startService(redis);
    await scenario.pass(7_000);
    const seenMs = scenario.nowMs;
    engine.service(redis).emit('update');
    await scenario.rest();
    scenario.clock.jump(3_000);
    engine.service(redis).foundLost();
    const foundMs = scenario.nowMs;
    await scenario.pass(6_000);
    expect(scenario.stateOf(redis)).toEqual({ state: 'down', reason: 'exited' });
    expect((await scenario.account(redis, seenMs, foundMs)).upMs).toBe(0);
  });

  it('27 · an inspection that hangs for thirty seconds costs its own service that time, and nobody else', async () => {
    await begin({ monitor: { requestTimeoutMs: 200 } });
    const fromMs = scenario.nowMs;
    const release = scenario.engine.hang(new RegExp(`/containers/${redis}/`));
    for (let seconds = 0; seconds < 30; seconds++) {
      await scenario.pass(1_000);
      // The limit of a request is real time.
      await new Promise((resolve) => setTimeout(resolve, 15));
      expect(scenario.nowMs - scenario.monitor.watermarkMs()).toBeLessThanOrEqual(15_000);
    }
    expect(scenario.stateOf(redis)).toEqual({ state: 'unknown', reason: 'inspection timed out' });
    expect(scenario.stateOf(agent).state).toBe('up');
    // The last of the questions is given up as well, however fast this machine is.
    await scenario.until(() => scenario.engine.hanging === 0);
    release();
    await scenario.pass(7_000);
    const toMs = fromMs + 30_000;
    expect((await scenario.account(agent, fromMs, toMs)).upMs).toBe(30_000);
    expect((await scenario.account(redis, fromMs + 5_000, fromMs + 25_000)).upMs).toBe(0);
    expect(scenario.stateOf(redis).state).toBe('up');
  });

  it('28 · a kept connection that was closed just when it was used again is no answer missed', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    for (let round = 0; round < 3; round++) {
      scenario.engine.insteadOf(/\/containers\//, (request) => request.socket.destroy(), 1);
      await scenario.pass(5_000);
    }
    await scenario.pass(6_000);
    const toMs = fromMs + 15_000;
    expect((await scenario.account(redis, fromMs, toMs)).unknownMs).toBe(0);
    expect((await scenario.account(agent, fromMs, toMs)).upMs).toBe(15_000);
  });

  it('29 · a socket that nobody listens on any more is unknown, and watched again when somebody does', async () => {
    await begin();
    const { engine } = scenario;
    await scenario.pass(1_000);
    await engine.leaveStaleSocket();
    await scenario.until(() => !scenario.monitor.engine().watched);
    const fromMs = scenario.nowMs;
    await scenario.pass(6_000);
    expect(scenario.stateOf(redis)).toEqual({ state: 'unknown', reason: 'engine unreachable' });
    const toMs = scenario.nowMs;
    await engine.comeBack({ forgetful: true });
    await watchedAgain();
    expect((await scenario.account(redis, fromMs, toMs)).unknownMs).toBe(toMs - fromMs);
    expect(scenario.stateOf(redis).state).toBe('up');
  });
});
