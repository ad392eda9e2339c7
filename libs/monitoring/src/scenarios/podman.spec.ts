import { afterEach, describe, expect, it } from '@jest/globals';
import { recordings } from '#monitoring/testing';

import { Scenario, type ScenarioOptions } from '../../testing/scenario.js';

const redis = 'redis_scb';
const checked = 'autogen_postgres';
const recording = recordings.podman4_3;
let scenario: Scenario;

const begin = async (options?: ScenarioOptions) =>
  (scenario = await Scenario.begin({ recording, ...options }));

afterEach(async () => {
  await scenario.end();
});

describe('scenarios of Podman', () => {
  it('40 · its kill, restart and pause, with init, cleanup and exec_died between, count as those of Docker', async () => {
    await begin();
    const { engine } = scenario;
    const fromMs = scenario.nowMs;
    await scenario.pass(1_000);
    engine.killService(redis);
    await scenario.pass(400);
    engine.startService(redis);
    await scenario.pass(7_000);
    engine.pauseService(redis);
    await scenario.pass(200);
    engine.unpauseService(redis);
    await scenario.pass(6_000);
    // In one go, so that no inspection sees it; and a health check, which is no end of anything.
    engine.killService(redis);
    scenario.clock.jump(300);
    engine.startService(redis);
    await scenario.pass(6_000);
    await scenario.whileAnswersTake(150, () => {
      engine.service(redis).check();
      engine.service(redis).emit('update');
    });
    await scenario.pass(6_000);
    expect(await scenario.account(redis, fromMs)).toMatchObject({ downMs: 900, unknownMs: 0 });
    engine.removeService(redis);
    await scenario.pass(6_000);
    expect(scenario.stateOf(redis)).toEqual({ state: 'down', reason: 'missing' });
  });

  it('40 · its health in a field of its own, told at every check, is taken from the inspection', async () => {
    await begin({ services: [{ name: redis }, { name: checked, health: 'healthy' }] });
    const container = scenario.engine.service(checked);
    const healthyMs = scenario.nowMs;
    await scenario.whileAnswersTake(150, () => {
      container.emit('health_status', {}, { HealthStatus: 'healthy' });
    });
    await scenario.pass(1_000);
    expect(scenario.stateOf(checked).state).toBe('up');
    const fromMs = scenario.nowMs;
    expect((await scenario.account(checked, healthyMs, fromMs)).upMs).toBe(fromMs - healthyMs);
    const sickMs = scenario.nowMs;
    container.setHealth('unhealthy');
    await scenario.pass(6_000);
    expect(scenario.stateOf(checked)).toEqual({ state: 'down', reason: 'unhealthy' });
    expect((await scenario.account(checked, sickMs, sickMs + 5_000)).upMs).toBe(0);
  });

  it('40 · stopping and no status at all are unknown, not up', async () => {
    await begin();
    for (const status of ['stopping', ''] as const) {
      scenario.engine.service(redis).status = status;
      await scenario.pass(6_000);
      expect(scenario.stateOf(redis)).toEqual({
        state: 'unknown',
        reason: 'container status not recognised',
      });
    }
  });
});
