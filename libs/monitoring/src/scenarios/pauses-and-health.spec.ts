import { afterEach, describe, expect, it } from '@jest/globals';

import { Scenario, type ScenarioOptions } from '../../testing/scenario.js';

const redis = 'redis_scb';
const checked = 'autogen_postgres';
let scenario: Scenario;

const begin = async (options?: ScenarioOptions) => (scenario = await Scenario.begin(options));
const withCheck: ScenarioOptions = { services: [{ name: redis }, { name: checked, health: 'healthy' }] };

afterEach(async () => {
  await scenario.end();
});

describe('scenarios of pauses and health checks', () => {
  it('3 · a pause of three seconds between two inspections counts whole by its events', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    await scenario.pass(500);
    scenario.engine.pauseService(redis);
    await scenario.pass(3_000);
    scenario.engine.unpauseService(redis);
    await scenario.pass(6_000);
    expect(await scenario.account(redis, fromMs)).toMatchObject({ downMs: 3_000, unknownMs: 0 });
    // In one go, so that no inspection sees it: all that tells of it are its two events.
    const againMs = scenario.nowMs;
    scenario.engine.pauseService(redis);
    scenario.clock.jump(3_000);
    scenario.engine.unpauseService(redis);
    await scenario.pass(6_000);
    expect(await scenario.account(redis, againMs)).toMatchObject({ downMs: 3_000, unknownMs: 0 });
  });

  it('3 · a pause of which both events were lost is the stated exception: at most one interval', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    scenario.engine.events.dropNext(2);
    scenario.engine.pauseService(redis);
    await scenario.pass(3_000);
    const pausedMs = scenario.nowMs;
    scenario.engine.unpauseService(redis);
    await scenario.pass(6_000);
    const { upMs } = await scenario.account(redis, fromMs, pausedMs);
    expect(upMs).toBeLessThanOrEqual(5_000);
    // One event alone is enough to take the whole of it away.
    scenario.engine.events.dropNext(1);
    const againMs = scenario.nowMs;
    scenario.engine.pauseService(redis);
    scenario.clock.jump(3_000);
    scenario.engine.unpauseService(redis);
    await scenario.pass(6_000);
    expect((await scenario.account(redis, againMs, againMs + 3_000)).upMs).toBe(0);
  });

  it('4 · a paused container, of which Docker says running and unhealthy, is down as paused', async () => {
    await begin(withCheck);
    scenario.engine.pauseService(checked);
    await scenario.pass(100);
    const inspection = scenario.engine.service(checked).inspection();
    expect(inspection).toMatchObject({ State: { Running: true, Paused: true, Status: 'paused' } });
    expect(scenario.stateOf(checked)).toEqual({ state: 'down', reason: 'paused' });
    const fromMs = scenario.nowMs;
    await scenario.pass(6_000);
    expect((await scenario.account(checked, fromMs, fromMs + 5_000)).downMs).toBe(5_000);
  });

  it('30 · a health check whose last result has grown old counts no longer', async () => {
    await begin(withCheck);
    const container = scenario.engine.service(checked);
    container.checkedAt = new Date(scenario.nowMs).toISOString();
    const fromMs = scenario.nowMs;
    // Interval 10 s and limit 5 s: fresh for 35 s.
    await scenario.pass(60_000);
    expect(scenario.stateOf(checked)).toEqual({ state: 'unknown', reason: 'health check stale' });
    const { upMs, unknownMs } = await scenario.account(checked, fromMs, fromMs + 55_000);
    expect(upMs).toBeLessThanOrEqual(35_000);
    expect(upMs).toBeGreaterThan(29_000);
    expect(unknownMs).toBe(55_000 - upMs);
    expect((await scenario.account(redis, fromMs, fromMs + 55_000)).upMs).toBe(55_000);
  });
});
