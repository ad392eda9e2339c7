import { afterEach, describe, expect, it } from '@jest/globals';

import { Scenario, type ScenarioOptions } from '../../testing/scenario.js';

const redis = 'redis_scb';
const hourMs = 3_600_000;
let scenario: Scenario;

const begin = async (options?: ScenarioOptions) => (scenario = await Scenario.begin(options));

afterEach(async () => {
  await scenario.end();
});

describe('scenarios of clocks', () => {
  it('25 · an hour that the wall clock skips is unknown', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    scenario.clock.step(hourMs);
    await scenario.pass(11_000);
    const { upMs, unknownMs } = await scenario.account(redis, fromMs, fromMs + hourMs + 8_000);
    expect(unknownMs).toBeGreaterThanOrEqual(hourMs);
    expect(upMs).toBeLessThanOrEqual(8_000);
  });

  it('25 · five seconds that the wall clock skips, too few to look like an absence, are unknown', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    scenario.clock.step(5_000);
    await scenario.pass(11_000);
    const { unknownMs } = await scenario.account(redis, fromMs, fromMs + 12_000);
    expect(unknownMs).toBeGreaterThanOrEqual(5_000);
  });

  it('25 · an hour that the wall clock goes back is counted once', async () => {
    await begin();
    const fromMs = scenario.nowMs - 5_000;
    const reachedMs = scenario.monitor.watermarkMs();
    const answer = scenario.monitor.window(fromMs - 1_000, reachedMs);
    scenario.clock.step(-hourMs);
    await scenario.pass(20_000);
    expect(scenario.monitor.watermarkMs()).toBeGreaterThanOrEqual(reachedMs);
    expect(scenario.monitor.window(fromMs - 1_000, reachedMs)).toEqual(answer);
    scenario.clock.step(hourMs);
    await scenario.pass(11_000);
    const found = await scenario.account(redis, fromMs, scenario.nowMs - 6_000);
    expect(found.upMs + found.unknownMs).toBe(scenario.nowMs - 6_000 - fromMs);
    expect(found.unknownMs).toBeGreaterThan(0);
  });

  it('25 · a clock that is slewed, or tells a leap second twice, costs nothing', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    // 500 parts in a million is as fast as NTP slews; a leap second is a second told twice.
    for (let round = 0; round < 6; round++) {
      await scenario.pass(1_000);
      scenario.clock.step(round === 3 ? -1_000 : 1);
    }
    await scenario.pass(11_000);
    const toMs = scenario.nowMs - 6_000;
    const { unknownMs, downMs } = await scenario.account(redis, fromMs, toMs);
    expect({ unknownMs, downMs }).toEqual({ unknownMs: 0, downMs: 0 });
  });

  it('25 · a change to summer time is no change: times are UTC', async () => {
    const zone = process.env.TZ;
    process.env.TZ = 'Europe/Berlin';
    try {
      // At 01:00 UTC clocks in Berlin go from 02:00 to 03:00.
      const changeMs = Date.UTC(2027, 2, 28, 1);
      await begin({ startMs: changeMs - 30_000 });
      await scenario.pass(30_000);
      expect((await scenario.account(redis, changeMs - 5_000, changeMs + 5_000)).upMs).toBe(10_000);
    } finally {
      process.env.TZ = zone;
    }
  });

  it('25 · half an hour of suspend, which the monotonic clock does not know, is unknown', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    await scenario.pass(3_000);
    scenario.clock.step(hourMs / 2);
    await scenario.pass(11_000);
    const { upMs, unknownMs } = await scenario.account(redis, fromMs, fromMs + hourMs / 2 + 8_000);
    expect(unknownMs).toBeGreaterThanOrEqual(hourMs / 2);
    expect(upMs).toBeLessThanOrEqual(8_000);
  });

  it('26 · a process that stood still for twenty seconds watched nothing meanwhile', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    await scenario.pass(1_000);
    scenario.clock.jump(20_000);
    await scenario.pass(11_000);
    const { upMs, unknownMs } = await scenario.account(redis, fromMs, fromMs + 26_000);
    expect(unknownMs).toBeGreaterThanOrEqual(20_000);
    expect(upMs + unknownMs).toBe(26_000);
  });
});
