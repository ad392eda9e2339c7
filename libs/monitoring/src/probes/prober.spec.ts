import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { systemClock } from '../clock.js';
import { maxUndecidedMs, type ProbeResult } from '../segments/probe-result.js';
import { askWithin } from './ask-within.js';
import type { Probe } from './probe.js';
import type { ProbeSettings } from './probe-settings.js';
import { nextQuestionMs, Prober, type SeenRun } from './prober.js';
import { Slots } from './slots.js';

const settings: ProbeSettings = {
  target: { type: 'tcp', host: 'nobody', port: 1 },
  everyMs: 5,
  timeoutMs: 50,
  failAfter: 2,
  passAfter: 1,
};

const run = (key: string, changes: Partial<SeenRun> = {}): SeenRun => ({
  key,
  startedAtMs: 0,
  paused: false,
  ...changes,
});

const deaf: Probe = { check: () => new Promise(() => undefined) };

/** A prober that writes down what it asked and heard, and lets a test wait for it. */
function proberOf(probe: Probe, slots = new Slots(1)) {
  const heard: { run: string; result: ProbeResult | null }[] = [];
  const asked: string[] = [];
  let noticed: () => void = () => undefined;
  const prober = new Prober({
    probe,
    settings,
    slots,
    clock: systemClock,
    onAsked: (key) => {
      asked.push(key);
      noticed();
    },
    onAnswered: (key, result) => {
      heard.push({ run: key, result });
      noticed();
    },
  });
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>((resolve) => (noticed = resolve));
  };
  probers.push(prober);
  return { prober, heard, asked, until };
}

/** The time in which another one is asked a few times. */
async function someQuestions() {
  const { prober, heard, until } = proberOf({ check: () => Promise.resolve() });
  prober.see(run('another'));
  await until(() => heard.length === 4);
}

const probers: Prober[] = [];

afterEach(() => {
  for (const prober of probers.splice(0)) prober.stop();
});

describe('the schedule of a probe', () => {
  const arbitrary = fc
    .record({
      everyMs: fc.integer({ min: 1_000, max: 300_000 }),
      failAfter: fc.integer({ min: 1, max: 10 }),
      share: fc.double({ min: 0.01, max: 1, noNaN: true }),
    })
    .map(({ everyMs, failAfter, share }): ProbeSettings => {
      const timeoutMs = Math.min(everyMs, (maxUndecidedMs / failAfter) * share);
      return { ...settings, everyMs, failAfter, timeoutMs };
    });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('is spread by a fifth to both sides', () => {
    expect(nextQuestionMs({ ...settings, everyMs: 10_000 }, false, 0)).toBeCloseTo(8_000);
    expect(nextQuestionMs({ ...settings, everyMs: 10_000 }, false, 1)).toBeCloseTo(12_000);
  });

  it('decides within eight seconds, however slow the answers are that count as failures', () => {
    fc.assert(
      fc.property(arbitrary, random, (pace, luck) => {
        const questions = pace.failAfter - 1;
        const lastMs = questions * nextQuestionMs(pace, true, luck) + pace.timeoutMs;
        expect(lastMs).toBeLessThanOrEqual(maxUndecidedMs + 1e-6);
      }),
    );
  });
});

describe('a prober', () => {
  it('asks again and again while the container runs, and not a moment longer', async () => {
    const { prober, heard, until } = proberOf({ check: () => Promise.resolve() });
    prober.see(run('a'));
    await until(() => heard.length === 3);
    expect(prober.condition.phase).toBe('passing');
    prober.see(null);
    expect(prober.condition.phase).toBe('pending');
    await someQuestions();
    expect(heard).toHaveLength(3);
  });

  it('asks a new run at once, and gives up what it asked the one before', async () => {
    const { prober, heard, asked, until } = proberOf(deaf);
    prober.see(run('a'));
    await until(() => asked.includes('a'));
    prober.see(run('b'));
    await until(() => asked.includes('b') && heard.length > 0);
    expect(heard[0]).toEqual({ run: 'a', result: null });
  });

  it('does not ask a paused container, and remembers what it said before', async () => {
    const { prober, heard, asked, until } = proberOf({ check: () => Promise.resolve() });
    prober.see(run('a'));
    await until(() => heard.length === 1);
    prober.see(run('a', { paused: true }));
    const askedBefore = asked.length;
    await someQuestions();
    expect(asked).toHaveLength(askedBefore);
    expect(prober.condition.phase).toBe('passing');
    prober.see(run('a'));
    await until(() => asked.length > askedBefore);
  });

  it('gets an outcome in time from a probe that heeds no signal', async () => {
    const { prober, heard, until } = proberOf(deaf);
    prober.see(run('a'));
    await until(() => heard.length === 2);
    expect(heard.map(({ result }) => result?.outcome)).toEqual([
      { kind: 'timed out' },
      { kind: 'timed out' },
    ]);
  });

  it('waits for its turn when too many ask at once', async () => {
    const slots = new Slots(1);
    const first = proberOf(deaf, slots);
    const second = proberOf({ check: () => Promise.resolve() }, slots);
    first.prober.see(run('a'));
    await first.until(() => first.asked.length === 1);
    second.prober.see(run('b'));
    expect(second.asked).toEqual([]);
    await second.until(() => second.heard.length === 1);
    expect(first.heard.length).toBeGreaterThan(0);
  });

  it('takes a probe that throws at once for one that failed', async () => {
    const broken: Probe = {
      check: () => {
        throw new Error('no such\nfile');
      },
    };
    const never = new AbortController().signal;
    const outcome = await askWithin(broken, run('a'), { timeoutMs: 1_000, secrets: [], ended: never });
    expect(outcome).toEqual({ kind: 'failed', detail: 'no such file' });
  });
});
