import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { ContainerFacts, Observation } from './observation.js';
import { maxUndecidedMs, type ProbeOutcome, type ProbeRules, runKeyOf } from './probe-result.js';
import { ProbeTrack } from './probe-track.js';
import type { Segment } from './service-state.js';
import { ServiceTrack } from './service-track.js';
import { sumStates } from './window-sums.js';

const baseMs = Date.parse('2026-11-22T12:00:00.000Z');
const instant = (ms: number) => ({ wallMs: baseMs + ms, monotonicMs: ms });

type Happening =
  | { atMs: number; kind: 'look' }
  | { atMs: number; kind: 'restart' }
  | { atMs: number; kind: 'probe'; outcome: ProbeOutcome; latencyMs: number };

const outcomes = fc.constantFrom<ProbeOutcome>(
  { kind: 'passed' },
  { kind: 'passed' },
  { kind: 'failed', detail: 'connection refused' },
  { kind: 'timed out' },
);

const rulesArbitrary: fc.Arbitrary<ProbeRules> = fc.record({
  failAfter: fc.integer({ min: 1, max: 3 }),
  passAfter: fc.integer({ min: 1, max: 3 }),
  staleAfterMs: fc.integer({ min: 3_000, max: 20_000 }),
});

/** Questions one after the other, inspections every five seconds and at restarts. */
const worldArbitrary = fc
  .record({
    probes: fc.array(
      fc.record({
        gapMs: fc.integer({ min: 0, max: 9_000 }),
        latencyMs: fc.integer({ min: 0, max: 4_000 }),
        outcome: outcomes,
      }),
      { maxLength: 12 },
    ),
    restarts: fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 2 }),
  })
  .map(({ probes, restarts }): Happening[] => {
    const happenings: Happening[] = [];
    let atMs = 0;
    for (const { gapMs, latencyMs, outcome } of probes) {
      atMs += gapMs;
      happenings.push({ atMs, kind: 'probe', outcome, latencyMs });
      atMs += latencyMs + 1;
    }
    for (const restartMs of restarts) happenings.push({ atMs: restartMs, kind: 'restart' });
    for (let lookMs = 0; lookMs <= 80_000; lookMs += 5_000) happenings.push({ atMs: lookMs, kind: 'look' });
    return happenings.sort((left, right) => left.atMs - right.atMs);
  });

interface Accounted {
  segments: Segment[];
  /** How far behind the time was that could be recorded, at worst. */
  behindMs: number;
  /** Up to here it is decided; what is still open at the end is not. */
  recordedMs: number;
}

/** As the monitor does: rounds record up to what is confirmed, and forget it. */
function account(happenings: readonly Happening[], rules: ProbeRules | null): Accounted {
  const probe = rules && new ProbeTrack(rules);
  const track = new ServiceTrack(instant(0), 0, undefined, probe);
  let facts: ContainerFacts = {
    id: 'c1',
    image: 'redis',
    status: 'running',
    paused: false,
    restarting: false,
    health: null,
    healthStaleMs: null,
    mismatch: null,
    startedAt: 'run 0',
    startedAtMs: baseMs - 1_000,
    finishedAtMs: null,
    exitCode: 0,
  };
  const segments: Segment[] = [];
  let recordedMs = baseMs;
  let behindMs = 0;
  // What was asked and not yet answered, with its answer.
  let underWay: { answerMs: number; run: string; askedMs: number; outcome: ProbeOutcome } | null = null;
  const answerUntil = (ms: number) => {
    if (!underWay || underWay.answerMs > ms) return;
    const { run, askedMs, answerMs, outcome } = underWay;
    probe?.answered({ run, askedMs: baseMs + askedMs, answeredMs: baseMs + answerMs, outcome });
    underWay = null;
  };
  const look = (ms: number) => {
    const observation: Observation = {
      finding: { kind: 'container', container: facts },
      askedAt: instant(ms),
      answeredAt: instant(ms),
    };
    track.observe(observation, () => true);
    probe?.giveUp(baseMs + ms);
    const untilMs = Math.min(baseMs + ms, track.confirmedMs);
    behindMs = Math.max(behindMs, baseMs + ms - untilMs);
    if (untilMs <= recordedMs) return;
    segments.push(...track.segmentsUntil(untilMs));
    track.forgetUntil(untilMs);
    recordedMs = untilMs;
  };
  for (const happening of happenings) {
    answerUntil(happening.atMs);
    if (happening.kind === 'look') look(happening.atMs);
    else if (happening.kind === 'restart') {
      // The prober gives up a question about a run that is over.
      if (underWay) probe?.dropped(underWay.run);
      underWay = null;
      const startedAtMs = baseMs + happening.atMs;
      facts = { ...facts, startedAt: `run ${happening.atMs}`, startedAtMs, finishedAtMs: startedAtMs - 1 };
      look(happening.atMs);
    } else {
      const run = runKeyOf(facts);
      probe?.asked(run, baseMs + happening.atMs);
      const { atMs, latencyMs, outcome } = happening;
      underWay = { answerMs: atMs + latencyMs, run, askedMs: atMs, outcome };
    }
  }
  return { segments, behindMs, recordedMs };
}

const window = { fromMs: baseMs, toMs: baseMs + 80_000 };

const upSpans = ({ segments }: Accounted) => segments.filter(({ state }) => state === 'up');

describe('accounting with a probe', () => {
  it('puts every millisecond into one segment, each with its reason', () => {
    fc.assert(
      fc.property(worldArbitrary, rulesArbitrary, (world, rules) => {
        const { segments } = account(world, rules);
        segments.forEach(({ fromMs, toMs, state, reason }, at) => {
          expect(fromMs).toBe(segments[at - 1]?.toMs ?? baseMs);
          expect(toMs).toBeGreaterThan(fromMs);
          expect(reason === null).toBe(state === 'up');
        });
        const { upMs: up, downMs, startingMs, unknownMs } = sumStates(segments, window);
        expect(up + downMs + startingMs + unknownMs).toBe(80_000);
      }),
      { numRuns: 200 },
    );
  });

  it('never finds up what the Engine alone would not', () => {
    fc.assert(
      fc.property(worldArbitrary, rulesArbitrary, (world, rules) => {
        const withoutProbe = upSpans(account(world, null));
        for (const { fromMs, toMs } of upSpans(account(world, rules))) {
          expect(sumStates(withoutProbe, { fromMs, toMs }).upMs).toBe(toMs - fromMs);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('states no more up time when a success is lost', () => {
    fc.assert(
      fc.property(worldArbitrary, rulesArbitrary, fc.nat(), (world, rules, index) => {
        const successes = world.filter((each) => each.kind === 'probe' && each.outcome.kind === 'passed');
        const lost = successes[index % Math.max(1, successes.length)];
        fc.pre(lost !== undefined);
        const fewer = world.filter((each) => each !== lost);
        const [withFewer, withAll] = [account(fewer, rules), account(world, rules)];
        const decided = { ...window, toMs: Math.min(withFewer.recordedMs, withAll.recordedMs) };
        expect(sumStates(withFewer.segments, decided).upMs).toBeLessThanOrEqual(
          sumStates(withAll.segments, decided).upMs,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds nothing up before a success of the same run, nor long after any result', () => {
    fc.assert(
      fc.property(worldArbitrary, rulesArbitrary, (world, rules) => {
        const restarts = world.flatMap(({ atMs, kind }) => (kind === 'restart' ? [atMs] : []));
        for (const { fromMs, toMs } of upSpans(account(world, rules))) {
          const beganMs = Math.max(-1, ...restarts.filter((atMs) => baseMs + atMs <= fromMs));
          const asked = world.flatMap((each) =>
            each.kind === 'probe' && each.atMs >= beganMs && baseMs + each.atMs < toMs ? [each] : [],
          );
          const passed = asked.some(
            ({ outcome, atMs, latencyMs }) =>
              outcome.kind === 'passed' && baseMs + atMs + latencyMs <= fromMs,
          );
          expect(passed).toBe(true);
          const latestMs = Math.max(...asked.map(({ atMs }) => baseMs + atMs));
          expect(toMs - latestMs).toBeLessThanOrEqual(rules.staleAfterMs);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('finds nothing up from the first of so many failures in a row', () => {
    fc.assert(
      fc.property(worldArbitrary, rulesArbitrary, (world, rules) => {
        const probes = world.flatMap((each) => (each.kind === 'probe' ? [each] : []));
        fc.pre(world.every(({ kind }) => kind !== 'restart'));
        const up = upSpans(account(world, rules));
        probes.forEach((first, at) => {
          const row = probes.slice(at, at + rules.failAfter);
          if (row.length < rules.failAfter || row.some(({ outcome }) => outcome.kind === 'passed')) return;
          const last = row.at(-1) ?? first;
          const span = { fromMs: baseMs + first.atMs, toMs: baseMs + last.atMs + last.latencyMs };
          if (span.toMs > window.toMs) return;
          expect(sumStates(up, span).upMs).toBe(0);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('holds nothing back for longer than eight seconds and a round', () => {
    fc.assert(
      fc.property(worldArbitrary, rulesArbitrary, (world, rules) => {
        expect(account(world, rules).behindMs).toBeLessThanOrEqual(maxUndecidedMs);
      }),
      { numRuns: 200 },
    );
  });
});
