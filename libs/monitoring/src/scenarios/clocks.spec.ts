import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

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
    // Half a minute that is lived through twice.
    const twiceMs = scenario.nowMs;
    scenario.clock.step(-30_000);
    await scenario.pass(61_000);
    const lived = await scenario.account(redis, twiceMs - 30_000, twiceMs + 20_000);
    expect(lived.upMs).toBeLessThanOrEqual(50_000);
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
    // At 01:00 UTC clocks in Berlin go from 02:00 to 03:00. A process has one time zone from its start on.
    const program = `const { Scenario } = await import(process.argv[1]);
      const changeMs = Date.UTC(2027, 2, 28, 1);
      const scenario = await Scenario.begin({ startMs: changeMs - 30_000 });
      await scenario.pass(70_000);
      const { upMs } = await scenario.account('${redis}', changeMs - 5_000, changeMs + 5_000);
      const minutes = [...scenario.monitor.sealedMinutes(changeMs - 60_000, changeMs)].flat();
      const { sinceMs } = scenario.monitor.statuses()[0];
      await scenario.end();
      const zoneHours = [-1, 1].map((ms) => new Date(changeMs + ms).getTimezoneOffset() / 60);
      const minute = JSON.parse(minutes[0].content).minute;
      console.log(JSON.stringify({ zoneHours, upMs, minute, sinceMs: sinceMs - changeMs }));`;
    const compiled = new URL('../../../../dist/libs/monitoring/testing/scenario.js', import.meta.url).href;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', program, compiled],
      { env: { ...process.env, TZ: 'Europe/Berlin' }, timeout: 30_000 },
    );
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
      zoneHours: [-1, -2],
      upMs: 10_000,
      minute: '2027-03-28T00:59:00.000Z',
      sinceMs: -30_000,
    });
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
