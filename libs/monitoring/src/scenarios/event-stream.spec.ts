import { setImmediate } from 'node:timers/promises';

import { afterEach, describe, expect, it } from '@jest/globals';

import { Scenario, type ScenarioOptions } from '../../testing/scenario.js';
import { engineLatenessMs } from '../segments/outage.js';

const redis = 'redis_scb';
let scenario: Scenario;

const begin = async (options?: ScenarioOptions) => (scenario = await Scenario.begin(options));
const subscribed = () =>
  scenario.until(() => scenario.monitor.engine().watched && scenario.engine.events.subscriberCount === 1);
const opened = () => scenario.engine.requests.filter((request) => request.includes('/events')).length;

/** A kill and a start 300 ms later, and what the account says of it. */
async function shortOutage() {
  const fromMs = scenario.nowMs;
  await scenario.pass(1_000);
  scenario.engine.killService(redis);
  await scenario.pass(300);
  scenario.engine.startService(redis);
  await scenario.pass(6_000);
  const { downMs, unknownMs } = await scenario.account(redis, fromMs);
  return { downMs, unknownMs };
}

afterEach(async () => {
  await scenario.end();
});

describe('scenarios of the event stream', () => {
  it('10 · events cut within a character, two in a chunk, with a megabyte of labels, are all understood', async () => {
    const services = [{ name: redis, labels: { größe: '日本語😀'.repeat(20), long: 'x'.repeat(500_000) } }];
    await begin({ services });
    const { events } = scenario.engine;
    let before = Promise.resolve();
    events.deliverBy((response, line) => {
      // From API 1.52 on the three old fields are gone, and a record separator may precede each event.
      const newer = line.replace(/"status":"[^"]*","id":"[^"]*","from":"[^"]*",/, '');
      expect(newer).toMatch(/^\{"Type"/);
      const bytes = Buffer.from(`\u001e${newer}\r\n\n`);
      const cut = bytes.indexOf(Buffer.from('😀')) + 2;
      before = before.then(async () => {
        response.write(bytes.subarray(0, cut));
        await setImmediate();
        response.write(bytes.subarray(cut));
      });
    });
    expect(await shortOutage()).toEqual({ downMs: 300, unknownMs: 0 });
    await scenario.end();
    // All that tells of a restart, and the beginning of one more event, in one chunk.
    await begin();
    let held = '';
    scenario.engine.events.deliverBy((response, line) => {
      if (line.includes('"Action":"update"')) {
        response.write(`${held}${line.slice(0, 40)}`);
        setTimeout(() => response.write(`${line.slice(40)}\n`), 1);
      } else held += `${line}\n`;
    });
    const fromMs = scenario.nowMs;
    await scenario.pass(1_000);
    scenario.engine.killService(redis);
    scenario.clock.jump(300);
    scenario.engine.startService(redis);
    scenario.engine.service(redis).emit('update');
    await scenario.pass(6_000);
    expect(await scenario.account(redis, fromMs)).toMatchObject({ downMs: 300, unknownMs: 0 });
  });

  it('10 · a line beyond reason is dropped, and the time before it counts as not listened to', async () => {
    await begin();
    const restartInOneGo = async (line: string) => {
      await scenario.pass(1_000);
      const toldMs = scenario.nowMs;
      scenario.engine.events.tellRaw(line);
      await scenario.pass(200);
      scenario.engine.killService(redis);
      scenario.clock.jump(300);
      scenario.engine.startService(redis);
      await scenario.pass(6_000);
      expect(scenario.stateOf(redis).state).toBe('up');
      return scenario.account(redis, toldMs, toldMs + 5_000);
    };
    // Told after it, but the stream has a hole before: the restart is down from the last inspection on.
    expect(await restartInOneGo(`${'x'.repeat(1_200_000)}\n`)).toMatchObject({ downMs: 500 });
    expect(await restartInOneGo('\n')).toMatchObject({ downMs: 300 });
  });

  it('11 · times that differ by a nanosecond are two events, one told twice is one', async () => {
    await begin();
    const { events } = scenario.engine;
    const lines: string[] = [];
    events.deliverBy((response, line) => {
      lines.push(line);
      response.write(`${line}\n`);
    });
    expect(await shortOutage()).toEqual({ downMs: 300, unknownMs: 0 });
    const nanos = lines.map((line) => /"timeNano":(\d{19})/.exec(line)?.[1] ?? '');
    // Doubles cannot tell them apart.
    expect(new Set(nanos.map(Number)).size).toBeLessThan(new Set(nanos).size);
    const fromMs = scenario.nowMs;
    await scenario.pass(500);
    const { engine } = scenario;
    const { asked } = engine;
    events.tellAgain(8);
    await scenario.rest();
    expect(engine.asked).toBe(asked);
    // Two of the same kind, a nanosecond apart: one is asked after at once, the other after that.
    engine.service(redis).emit('update');
    engine.service(redis).emit('update');
    await scenario.pass(100);
    expect(engine.asked).toBe(asked + 2);
    // After a break the last one is told once more: `since` is inclusive. All that is asked is what there is now.
    const before = opened();
    engine.closeStreams();
    await scenario.until(() => opened() > before);
    await subscribed();
    await scenario.pass(6_000);
    expect((await scenario.account(redis, fromMs, fromMs + 5_000)).upMs).toBe(5_000);
    expect(scenario.stateOf(redis).state).toBe('up');
  });

  it('12 · more than 256 events while disconnected take a restart that was among them for lost', async () => {
    await begin();
    const { engine } = scenario;
    const twoRestartsUnheard = async (eventsBetween: number) => {
      const fromMs = scenario.nowMs;
      await scenario.pass(1_000);
      const before = opened();
      engine.events.mute(true);
      engine.killService(redis);
      const diedMs = scenario.nowMs;
      scenario.clock.jump(400);
      engine.startService(redis);
      for (let count = 0; count < eventsBetween / 3; count++) engine.service('autogen_agent').check();
      engine.killService(redis);
      scenario.clock.jump(300);
      engine.startService(redis);
      engine.events.mute(false);
      engine.closeStreams();
      await scenario.until(() => opened() > before);
      await subscribed();
      await scenario.pass(6_000);
      const { upMs } = await scenario.account(redis, diedMs, diedMs + 700);
      const whole = await scenario.account(redis, fromMs);
      expect(whole).toMatchObject({ unknownMs: 0 });
      return { upMs, downMs: whole.downMs };
    };
    // The replay begins after the first restart: told is only the second, which is no evidence of when it all began.
    const lost = await twoRestartsUnheard(300);
    expect(lost.upMs).toBe(0);
    expect(lost.downMs).toBeGreaterThan(1_000);
    // With fewer, the replay still shows the last known event, and no more than the restarts is lost.
    expect(await twoRestartsUnheard(30)).toEqual({ upMs: 0, downMs: 700 });
  });

  it('13 · a stream that is silently dead is noticed by inspection and opened anew', async () => {
    await begin();
    const before = opened();
    const fromMs = scenario.nowMs;
    scenario.engine.events.mute(true);
    await scenario.pass(2_000);
    scenario.engine.killService(redis);
    const diedMs = scenario.nowMs;
    await scenario.pass(6_000);
    await scenario.until(() => opened() > before);
    scenario.engine.events.mute(false);
    expect((await scenario.account(redis, diedMs, diedMs + 5_000)).upMs).toBe(0);
    const { upMs } = await scenario.account(redis, fromMs, diedMs);
    expect(upMs).toBe(diedMs - fromMs - engineLatenessMs);
  });

  it('14 · a proxy that cuts the stream again and again costs no up time', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    for (let cut = 0; cut < 3; cut++) {
      // As long as the stream is younger than a second its end is taken for a fault.
      await scenario.pass(2_000);
      const before = opened();
      scenario.engine.closeStreams();
      await scenario.until(() => opened() > before);
      await subscribed();
    }
    await scenario.pass(6_000);
    const toMs = fromMs + 10_000;
    expect((await scenario.account(redis, fromMs, toMs)).upMs).toBe(10_000);
  });
});
