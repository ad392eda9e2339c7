import { afterEach, describe, expect, it } from '@jest/globals';

import { Scenario, type ScenarioOptions } from '../testing/scenario.js';

const redis = 'redis_scb';
const neighbour = 'autogen_agent';
let scenario: Scenario;

/** Begins long after a round and shortly before the next. */
async function beginLate(options?: ScenarioOptions) {
  scenario = await Scenario.begin(options);
  await scenario.pass(4_000);
  expect(scenario.nowMs - scenario.monitor.watermarkMs()).toBeGreaterThan(4_000);
}

afterEach(async () => {
  await scenario.end();
});

describe('a monitor that is stopped', () => {
  it('looks once more: an outage right after it takes nothing away from the time before', async () => {
    await beginLate();
    const endMs = scenario.nowMs;
    await scenario.stopWorker();
    scenario.engine.killService(redis);
    await scenario.pass(500);
    scenario.engine.startService(redis);
    await scenario.startWorker();
    expect(await scenario.account(redis, endMs - 5_000, endMs)).toMatchObject({
      upMs: 5_000,
      inferredUpMs: 0,
    });
  });

  it('knows of an outage right before it when it began, and that others ran on', async () => {
    await beginLate();
    scenario.engine.killService(redis);
    const diedMs = scenario.nowMs;
    await scenario.pass(300);
    await scenario.stopWorker();
    await scenario.pass(1_500);
    await scenario.startWorker();
    expect(await scenario.account(redis, diedMs - 5_000, diedMs)).toMatchObject({ upMs: 5_000 });
    expect(await scenario.account(redis, diedMs, diedMs + 300)).toMatchObject({ downMs: 300 });
    const around = await scenario.account(neighbour, diedMs - 5_000, diedMs + 1_800);
    expect(around.upMs).toBe(6_800);
    // From the last look on: the time for which events were waited for, and the absence itself.
    expect(around.inferredUpMs).toBe(1_500);
  });

  it('waits two seconds at most for an Engine that hangs, and leaves what it did not see to the next worker', async () => {
    await beginLate({ monitor: { requestTimeoutMs: 4_000 } });
    const reachedMs = scenario.monitor.watermarkMs();
    const release = scenario.engine.hang(/./);
    const fromMs = scenario.nowMs;
    await scenario.stopWorker();
    const toMs = scenario.nowMs;
    expect(toMs - fromMs).toBeLessThanOrEqual(2_000);
    release();
    await scenario.startWorker();
    expect(await scenario.account(redis, reachedMs, toMs)).toMatchObject({
      upMs: toMs - reachedMs,
      inferredUpMs: toMs - reachedMs,
    });
  });

  it('before it heard what happened in an absence leaves that absence, too, to the next worker', async () => {
    await beginLate({ monitor: { requestTimeoutMs: 60_000 } });
    const fromMs = scenario.nowMs;
    await scenario.stopWorker();
    // Only a replay ends at a time.
    const release = scenario.engine.hang(/events.*until=/);
    await scenario.startWorker();
    expect(scenario.engine.hanging).toBe(1);
    const stoppingMs = scenario.nowMs;
    await scenario.stopWorker();
    expect(scenario.nowMs - stoppingMs).toBeLessThanOrEqual(2_000);
    const toMs = scenario.nowMs;
    release();
    await scenario.startWorker();
    const { upMs, unknownMs } = await scenario.account(redis, fromMs, toMs);
    expect({ upMs, unknownMs }).toEqual({ upMs: toMs - fromMs, unknownMs: 0 });
  });
});
