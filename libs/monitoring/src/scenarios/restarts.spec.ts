import { afterEach, describe, expect, it } from '@jest/globals';
import { recordings } from '#monitoring/testing';

import { Scenario, type ScenarioOptions } from '../../testing/scenario.js';

const redis = 'redis_scb';
let scenario: Scenario;

const begin = async (options?: ScenarioOptions) => (scenario = await Scenario.begin(options));
const container = () => scenario.engine.service(redis);

afterEach(async () => {
  await scenario.end();
});

describe('scenarios of containers that end and begin', () => {
  it('1 · a restart between two inspections of which no event told is not up since the last inspection', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    await scenario.pass(2_000);
    scenario.engine.events.dropNext(8);
    container().restart();
    const restartedMs = scenario.nowMs;
    const { upMs, downMs } = await scenario.account(redis, fromMs);
    expect(downMs).toBeGreaterThan(0);
    expect(downMs).toBeLessThanOrEqual(5_200);
    const since = await scenario.account(redis, fromMs, restartedMs + 1);
    expect(since.upMs).toBeLessThanOrEqual(upMs);
    expect(since.downMs).toBeGreaterThan(0);
  });

  it('2 · a restart within 200 ms costs just these 200 ms', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    await scenario.pass(1_700);
    container().kill();
    await scenario.pass(200);
    // An answer that takes its time does not make the outage longer.
    await scenario.whileAnswersTake(150, () => {
      container().start();
    });
    await scenario.pass(6_000);
    expect(await scenario.account(redis, fromMs)).toMatchObject({ downMs: 200, unknownMs: 0 });
  });

  it('5 · a crash loop with its growing pauses is up only in its bursts', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    let downMs = 0;
    for (let pauseMs = 100; pauseMs <= 60_000; pauseMs *= 2) {
      container().crash();
      await scenario.pass(pauseMs);
      expect(scenario.stateOf(redis)).toEqual({ state: 'down', reason: 'restarting' });
      downMs += pauseMs;
      container().comeUp();
      await scenario.pass(50);
    }
    const found = await scenario.account(redis, fromMs);
    expect(found.downMs).toBeGreaterThanOrEqual(downMs);
    expect(found.downMs).toBeLessThanOrEqual(downMs + 500);
    expect(found.unknownMs).toBe(0);
  });

  it('6 · a removed container is down, an Engine that does not answer is unknown', async () => {
    await begin();
    scenario.engine.removeService(redis);
    await scenario.pass(100);
    expect(scenario.stateOf(redis)).toEqual({ state: 'down', reason: 'missing' });
    const goneMs = scenario.nowMs;
    await scenario.pass(6_000);
    expect((await scenario.account(redis, goneMs, goneMs + 5_000)).downMs).toBe(5_000);
    await scenario.engine.goAway();
    await scenario.until(() => !scenario.monitor.engine().watched);
    await scenario.pass(6_000);
    expect(scenario.stateOf(redis)).toEqual({ state: 'unknown', reason: 'engine unreachable' });
  });

  it('15 · a die that a slow consumer never got takes up time away and adds none', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    await scenario.pass(2_500);
    scenario.engine.events.mute(true);
    container().kill();
    scenario.engine.events.mute(false);
    const diedMs = scenario.nowMs;
    await scenario.pass(700);
    container().start();
    await scenario.pass(7_000);
    const { upMs, downMs } = await scenario.account(redis, fromMs);
    expect(downMs).toBeGreaterThanOrEqual(700);
    expect((await scenario.account(redis, diedMs, diedMs + 700)).upMs).toBe(0);
    expect(upMs).toBeGreaterThan(0);
  });

  it('16 · stop told before die, as Docker 26 does it, is the same outage as die before stop', async () => {
    for (const recording of [recordings.docker26_1, recordings.docker20_10]) {
      await begin({ recording });
      const order = recording.deeds.stop
        ?.map((line) => /"Action":"(stop|die)"/.exec(line)?.[1])
        .filter(Boolean);
      const fromMs = scenario.nowMs;
      await scenario.pass(2_000);
      container().stop();
      await scenario.pass(300);
      container().start();
      await scenario.pass(6_000);
      const { downMs, unknownMs } = await scenario.account(redis, fromMs);
      expect({ order, downMs, unknownMs }).toEqual({
        order: recording === recordings.docker26_1 ? ['stop', 'die'] : ['die', 'stop'],
        downMs: 300,
        unknownMs: 0,
      });
      // In one go, so that no inspection sees it in between: all that tells when it ended is this order.
      const againMs = scenario.nowMs;
      await scenario.pass(2_500);
      container().restart();
      await scenario.pass(6_000);
      expect((await scenario.account(redis, againMs)).downMs).toBeLessThanOrEqual(1);
      await scenario.end();
    }
    await begin();
  });

  it('18 · a SIGHUP, and a child that the kernel ended for want of memory, change nothing', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    await scenario.pass(1_000);
    await scenario.whileAnswersTake(150, () => {
      container().kill('SIGHUP');
    });
    await scenario.whileAnswersTake(150, () => {
      container().runChildOutOfMemory();
    });
    await scenario.pass(6_000);
    const toMs = scenario.nowMs;
    expect((await scenario.account(redis, fromMs, toMs)).upMs).toBe(toMs - fromMs);
  });
});
