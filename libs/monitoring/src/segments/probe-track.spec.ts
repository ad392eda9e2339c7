import { describe, expect, it } from '@jest/globals';

import type { Observation } from './observation.js';
import type { ProbeOutcome, ProbeRules } from './probe-result.js';
import { ProbeTrack } from './probe-track.js';

const rules: ProbeRules = { failAfter: 2, passAfter: 1, staleAfterMs: 16_000 };
const run = 'c1 run 1';

const passed: ProbeOutcome = { kind: 'passed' };
const refused: ProbeOutcome = { kind: 'failed', detail: 'connection refused' };
const hung: ProbeOutcome = { kind: 'timed out' };

function answer(track: ProbeTrack, outcome: ProbeOutcome, askedMs: number, answeredMs = askedMs, of = run) {
  track.asked(of, askedMs);
  track.answered({ run: of, askedMs, answeredMs, outcome });
}

/** What is left of a container that is up in `[fromMs, toMs)`. */
const judged = (track: ProbeTrack, toMs: number, { fromMs = 0, of = run, inferred = false } = {}) =>
  track
    .judge({ fromMs, toMs, state: 'up', reason: null, inferred, containerId: 'c1', run: of })
    .map(
      (segment) =>
        `${segment.inferred ? 'inferred ' : ''}${segment.state}${segment.reason === null ? '' : `:${segment.reason}`} ${segment.fromMs}-${segment.toMs}`,
    );

const missingAt = (wallMs: number): Observation => ({
  finding: { kind: 'missing' },
  askedAt: { wallMs, monotonicMs: wallMs },
  answeredAt: { wallMs, monotonicMs: wallMs },
});

describe('a probe on the state of a running container', () => {
  it('is pending until the first success since the start, whatever failed before', () => {
    const track = new ProbeTrack(rules);
    answer(track, refused, 1_000);
    answer(track, refused, 5_000);
    answer(track, passed, 10_000, 10_020);
    expect(judged(track, 12_000)).toEqual([
      'starting:probe pending 0-1000',
      'starting:probe pending 1000-5000',
      'starting:probe pending 5000-10000',
      'starting:probe pending 10000-10020',
      'up 10020-12000',
    ]);
  });

  it('needs as many successes as are asked for', () => {
    const track = new ProbeTrack({ ...rules, passAfter: 2 });
    answer(track, passed, 1_000);
    answer(track, passed, 2_000, 2_010);
    expect(joined(judged(track, 3_000))).toEqual(['starting:probe pending 0-2010', 'up 2010-3000']);
  });

  it('forgives fewer failures in a row than count', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 0);
    answer(track, refused, 10_000);
    answer(track, passed, 14_000);
    answer(track, refused, 20_000);
    answer(track, passed, 24_000);
    expect(judged(track, 25_000).every((segment) => segment.startsWith('up'))).toBe(true);
  });

  it('is down from the first of the failures that count, and up from the success that ends it', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 0);
    answer(track, refused, 10_000, 10_001);
    answer(track, refused, 14_000, 14_001);
    answer(track, refused, 24_000, 24_001);
    answer(track, passed, 34_000, 34_050);
    expect(joined(judged(track, 40_000))).toEqual([
      'up 0-10000',
      'down:probe failed: connection refused 10000-34050',
      'up 34050-40000',
    ]);
  });

  it('is unknown from the first question that was not answered in time', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 0);
    answer(track, hung, 10_000, 13_000);
    answer(track, hung, 15_000, 18_000);
    answer(track, refused, 25_000, 25_001);
    expect(joined(judged(track, 26_000))).toEqual([
      'up 0-10000',
      'unknown:probe timed out 10000-25000',
      'down:probe failed: connection refused 25000-26000',
    ]);
  });

  it('holds back only what is open, and for a bounded time', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 0);
    expect(track.openFromMs).toBe(Infinity);
    track.asked(run, 10_000);
    expect(track.openFromMs).toBe(10_000);
    track.giveUp(18_000);
    expect(track.openFromMs).toBe(10_000);
    track.giveUp(18_001);
    expect(track.openFromMs).toBe(18_001);
    track.answered({ run, askedMs: 10_000, answeredMs: 20_000, outcome: passed });
    expect(joined(judged(track, 21_000))).toEqual([
      'up 0-10000',
      'unknown:probe timed out 10000-18001',
      'unknown:probe overdue 18001-20000',
      'up 20000-21000',
    ]);
  });

  it('is unknown when nobody has asked for too long', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 0);
    expect(judged(track, 20_000)).toEqual(['up 0-16000', 'unknown:probe overdue 16000-20000']);
  });

  it('takes no later success for the time after a failure in which nobody asked for too long', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 0);
    answer(track, refused, 5_000);
    answer(track, passed, 25_000, 25_010);
    expect(joined(judged(track, 30_000))).toEqual([
      'up 0-5000',
      'down:probe failed: connection refused 5000-21000',
      'unknown:probe overdue 21000-25000',
      'down:probe failed: connection refused 25000-25010',
      'up 25010-30000',
    ]);
  });

  it('begins anew with every run of the container', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 0);
    answer(track, passed, 5_000, 5_000, 'c1 run 2');
    expect(judged(track, 6_000, { fromMs: 4_000, of: 'c1 run 2' })).toEqual([
      'starting:probe pending 4000-5000',
      'up 5000-6000',
    ]);
    expect(judged(track, 4_000)).toEqual(['up 0-4000']);
    expect(judged(track, 6_000, { fromMs: 5_000, of: 'a run that nobody asked' })).toEqual([
      'starting:probe pending 5000-6000',
    ]);
  });

  it('does not forgive a failure that the end of the run left without an answer', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 0);
    answer(track, refused, 10_000);
    track.seen(missingAt(12_000));
    expect(track.openFromMs).toBe(Infinity);
    expect(joined(judged(track, 12_000))).toEqual([
      'up 0-10000',
      'down:probe failed: connection refused 10000-12000',
    ]);
  });

  it('asks a container anew that got its name back', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 0);
    track.seen(missingAt(5_000));
    answer(track, passed, 9_000);
    expect(judged(track, 10_000, { fromMs: 9_000 })).toEqual(['up 9000-10000']);
  });
});

describe('a probe after an absence of the worker', () => {
  const before = { run, probedAtMs: 95_000, watermarkMs: 100_000, nowMs: 110_000 };
  const absence = { fromMs: 100_000, inferred: true };

  it('proves it when it passes at both ends, at most two minutes apart', () => {
    const track = new ProbeTrack(rules, before);
    expect(track.openFromMs).toBe(100_000);
    answer(track, passed, 110_000, 110_010);
    expect(joined(judged(track, 110_010, absence))).toEqual(['inferred up 100000-110010']);
    expect(judged(track, 111_000, { fromMs: 110_010 })).toEqual(['up 110010-111000']);

    const late = new ProbeTrack(rules, { ...before, probedAtMs: -10_001 });
    answer(late, passed, 110_000);
    expect(judged(late, 110_000, absence)).toEqual(['unknown:worker not running 100000-110000']);
  });

  it.each([refused, hung])('leaves it unknown when the first result is %j', (outcome) => {
    const track = new ProbeTrack(rules, before);
    answer(track, outcome, 110_000, 110_010);
    expect(judged(track, 110_000, absence)).toEqual(['unknown:worker not running 100000-110000']);
    expect(joined(judged(track, 111_000, { fromMs: 110_000 }))).toEqual([
      'starting:probe pending 110000-111000',
    ]);
  });

  it('leaves it unknown when another run came after it, or no result comes', () => {
    const ended = new ProbeTrack(rules, before);
    ended.seen(missingAt(110_000));
    expect(judged(ended, 105_000, absence)).toEqual(['unknown:worker not running 100000-105000']);
    const silent = new ProbeTrack(rules, before);
    silent.giveUp(118_001);
    expect(judged(silent, 118_001, absence)).toEqual(['unknown:worker not running 100000-118001']);
  });

  it('was passing only if nothing was in doubt', () => {
    const track = new ProbeTrack(rules);
    answer(track, passed, 1_000);
    expect(track.passedSince(run, 2_000)).toBe(1_000);
    expect(track.passedSince(run, 20_000)).toBeNull();
    answer(track, refused, 11_000);
    expect(track.passedSince(run, 12_000)).toBeNull();
    expect(track.passedSince('another run', 2_000)).toBeNull();
  });
});

/** Neighbours in the same state as one, as the journal keeps them. */
function joined(segments: readonly string[]): string[] {
  const pieces = segments.map((segment) => /^(.*) (\d+)-(\d+)$/.exec(segment) ?? []);
  const result: { what: string; from: string; to: string }[] = [];
  for (const [, what = '', from = '', to = ''] of pieces) {
    const last = result.at(-1);
    if (last?.what === what && last.to === from) last.to = to;
    else result.push({ what, from, to });
  }
  return result.map(({ what, from, to }) => `${what} ${from}-${to}`);
}
