import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { ContainerFacts, Finding, Observation } from './observation.js';
import { effectOn, type ServiceEvent } from './service-event.js';
import type { Segment } from './service-state.js';
import { ServiceTrack } from './service-track.js';
import { sumAllUp, sumStates } from './window-sums.js';

const baseMs = Date.parse('2026-11-22T12:00:00.000Z');
const instant = (ms: number) => ({ wallMs: baseMs + ms, monotonicMs: ms });

interface World {
  observations: Observation[];
  events: ServiceEvent[];
  /** What was really up, as one flag per millisecond. */
  upAt: boolean[];
}

type Deed = 'toggle' | 'pause' | 'restart' | 'recreate';

/** Plays deeds upon one container without a health check, and looks at it every now and then. */
function play(deeds: readonly { afterMs: number; deed: Deed }[], looks: readonly number[]): World {
  let facts: ContainerFacts = {
    id: 'c0',
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
  let runs = 0;
  const events: ServiceEvent[] = [];
  const tell = (action: string, atMs: number) => {
    const event = effectOn('redis', { action, name: 'redis', containerId: facts.id, atMs });
    if (event) events.push(event);
  };
  const end = (atMs: number) => {
    facts = { ...facts, status: 'exited', finishedAtMs: atMs, exitCode: 137 };
    tell('die', atMs);
  };
  const begin = (atMs: number) => {
    facts = { ...facts, status: 'running', startedAt: `run ${++runs}`, startedAtMs: atMs, exitCode: 0 };
    tell('start', atMs);
  };
  const act = (deed: Deed, atMs: number) => {
    const alive = facts.status !== 'exited';
    if (deed === 'pause' && alive) {
      facts = { ...facts, status: facts.status === 'paused' ? 'running' : 'paused' };
      tell(facts.status === 'paused' ? 'pause' : 'unpause', atMs);
    } else if (deed === 'toggle') {
      if (alive) end(atMs);
      else begin(atMs);
    } else if (deed === 'restart' || deed === 'recreate') {
      if (alive) end(atMs);
      if (deed === 'recreate') {
        tell('destroy', atMs);
        facts = { ...facts, id: `c${runs + 1}`, finishedAtMs: null };
      }
      begin(atMs);
    }
  };

  const timed: { atMs: number; deed: Deed | null }[] = looks.map((atMs) => ({ atMs, deed: null }));
  let deedMs = 0;
  for (const { afterMs, deed } of deeds) timed.push({ atMs: (deedMs += afterMs), deed });
  timed.sort((left, right) => left.atMs - right.atMs || (left.deed === null ? 1 : -1));
  const observations: Observation[] = [];
  const upAt: boolean[] = [];
  for (const { atMs, deed } of timed) {
    while (upAt.length < atMs) upAt.push(facts.status === 'running');
    if (deed !== null) act(deed, baseMs + atMs);
    else {
      const finding: Finding = { kind: 'container', container: facts };
      observations.push({ finding, askedAt: instant(atMs), answeredAt: instant(atMs) });
    }
  }
  return { observations, events, upAt };
}

const world = fc
  .record({
    deeds: fc.array(
      fc.record({
        afterMs: fc.integer({ min: 1, max: 3_000 }),
        deed: fc.constantFrom<Deed>('toggle', 'pause', 'restart', 'recreate'),
      }),
      { maxLength: 12 },
    ),
    gaps: fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 10 }),
  })
  .map(({ deeds, gaps }) => {
    let lookMs = 0;
    return play(
      deeds,
      gaps.map((gapMs) => (lookMs += gapMs)),
    );
  });

/** As the monitor does: events come as they happen, each observation accounts for what lies before it. */
function account(observations: readonly Observation[], events: readonly ServiceEvent[]): Segment[] {
  const first: Observation = {
    finding: { kind: 'unanswered', reason: 'test' },
    askedAt: instant(0),
    answeredAt: instant(0),
  };
  const track = new ServiceTrack(first.askedAt, 0);
  for (const event of events) track.addEvent(event);
  for (const observation of observations) track.observe(observation, () => true);
  return track.segmentsUntil(Infinity);
}

const upOf = (segments: readonly Segment[], fromMs: number, toMs: number) =>
  sumStates(segments, { fromMs, toMs }).upMs;

const lastMs = ({ observations }: { observations: readonly Observation[] }) =>
  observations.at(-1)?.askedAt.wallMs ?? baseMs;

describe('accounting', () => {
  it('puts every millisecond into exactly one segment, whatever is observed', () => {
    const facts = fc.record({
      id: fc.constantFrom('c1', 'c2'),
      image: fc.constant('redis'),
      status: fc.constantFrom('running', 'paused', 'exited', 'created', 'dead', '', 'nonsense'),
      paused: fc.boolean(),
      restarting: fc.boolean(),
      health: fc.constantFrom(null, 'healthy', 'starting', 'unhealthy', 'nonsense'),
      healthStaleMs: fc.option(fc.integer({ min: baseMs - 10_000, max: baseMs + 200_000 })),
      mismatch: fc.constantFrom(null, null, 'command'),
      startedAt: fc.constantFrom('run 1', 'run 2'),
      startedAtMs: fc.option(fc.integer({ min: baseMs - 10_000, max: baseMs + 60_000 })),
      finishedAtMs: fc.option(fc.integer({ min: baseMs - 10_000, max: baseMs + 60_000 })),
      exitCode: fc.option(fc.constantFrom(0, 137, 255)),
    });
    const finding: fc.Arbitrary<Finding> = fc.oneof(
      facts.map((container) => ({ kind: 'container' as const, container })),
      fc.constant({ kind: 'missing' as const }),
      fc.constant({ kind: 'unanswered' as const, reason: 'engine unreachable' }),
    );
    const step = fc.record({
      finding,
      wallMs: fc.integer({ min: -20_000, max: 20_000 }),
      monotonicMs: fc.integer({ min: 0, max: 20_000 }),
      latencyMs: fc.integer({ min: 0, max: 4_000 }),
    });
    const event = fc.record({
      atMs: fc.integer({ min: baseMs - 10_000, max: baseMs + 120_000 }),
      effect: fc.constantFrom('fails' as const, 'begins' as const, 'heals' as const),
      reason: fc.constant('exited'),
      aftermath: fc.boolean(),
      containerId: fc.constantFrom('c1', 'c2'),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 20 }),
        fc.array(event, { maxLength: 20 }),
        fc.boolean(),
        (steps, events, complete) => {
          const track = new ServiceTrack(instant(0), 0);
          for (const one of events) track.addEvent(one);
          let wallMs = baseMs;
          let monotonicMs = 0;
          for (const { finding: found, latencyMs, ...advance } of steps) {
            wallMs += advance.wallMs;
            monotonicMs += advance.monotonicMs;
            track.observe(
              {
                finding: found,
                askedAt: { wallMs, monotonicMs },
                answeredAt: { wallMs: wallMs + latencyMs, monotonicMs: monotonicMs + latencyMs },
              },
              () => complete,
            );
          }
          const segments = track.segmentsUntil(Infinity);
          const broken = segments.find(
            ({ fromMs, toMs, state, reason, inferred }, at) =>
              fromMs !== (segments[at - 1]?.toMs ?? baseMs) ||
              toMs <= fromMs ||
              (reason === null) !== (state === 'up') ||
              inferred,
          );
          expect(broken).toBeUndefined();
          expect(segments.at(-1)?.toMs ?? baseMs).toBe(track.confirmedMs);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('never states more up time than there was, and with all events in hand hardly less', () => {
    fc.assert(
      fc.property(world, ({ observations, events, upAt }) => {
        const segments = account(observations, events);
        const firstMs = observations[0]?.askedAt.wallMs ?? baseMs;
        for (const { fromMs, toMs, state } of segments) {
          if (state !== 'up') continue;
          expect(upAt.slice(fromMs - baseMs, toMs - baseMs)).not.toContain(false);
        }
        // Between the first failure and the last recovery of one gap nothing counts; elsewhere everything does.
        const quiet = upAt.every((up) => up);
        if (quiet && events.length === 0) {
          expect(upOf(segments, firstMs, lastMs({ observations }))).toBe(lastMs({ observations }) - firstMs);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('states no more up time when an event is lost', () => {
    fc.assert(
      fc.property(world, fc.nat(), ({ observations, events }, index) => {
        const at = index % Math.max(1, events.length);
        const [event, next] = events.slice(at);
        // A pause leaves no trace but its two events: with the container killed while paused, the first is all there is.
        fc.pre(event !== undefined && (event.reason !== 'paused' || next?.effect === 'begins'));
        const lost = events.filter((other) => other !== event);
        const toMs = lastMs({ observations });
        expect(upOf(account(observations, lost), baseMs, toMs)).toBeLessThanOrEqual(
          upOf(account(observations, events), baseMs, toMs),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('states no more up time when an observation of up is lost', () => {
    fc.assert(
      fc.property(world, fc.nat(), ({ observations, events }, index) => {
        const upOnes = observations.filter(
          ({ finding }) => finding.kind === 'container' && finding.container.status === 'running',
        );
        const lost = upOnes[index % Math.max(1, upOnes.length)];
        fc.pre(lost !== undefined && lost !== observations.at(-1));
        const toMs = lastMs({ observations });
        const fewer = observations.filter((observation) => observation !== lost);
        expect(upOf(account(fewer, events), baseMs, toMs)).toBeLessThanOrEqual(
          upOf(account(observations, events), baseMs, toMs),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('adds up over windows that are split anywhere', () => {
    fc.assert(
      fc.property(world, world, fc.nat(), (left, right, cut) => {
        const services = [account(left.observations, left.events), account(right.observations, right.events)];
        const toMs = baseMs + 20_000;
        const atMs = baseMs + 1 + (cut % 19_999);
        for (const segments of services) {
          const whole = sumStates(segments, { fromMs: baseMs, toMs });
          const first = sumStates(segments, { fromMs: baseMs, toMs: atMs });
          const second = sumStates(segments, { fromMs: atMs, toMs });
          expect(whole.upMs + whole.downMs + whole.startingMs + whole.unknownMs).toBe(20_000);
          expect(whole).toEqual({
            upMs: first.upMs + second.upMs,
            inferredUpMs: 0,
            downMs: first.downMs + second.downMs,
            startingMs: first.startingMs + second.startingMs,
            unknownMs: first.unknownMs + second.unknownMs,
          });
        }
        const allUpMs = sumAllUp(services, { fromMs: baseMs, toMs });
        expect(allUpMs).toBe(
          sumAllUp(services, { fromMs: baseMs, toMs: atMs }) + sumAllUp(services, { fromMs: atMs, toMs }),
        );
        for (const segments of services) {
          expect(allUpMs).toBeLessThanOrEqual(upOf(segments, baseMs, toMs));
        }
      }),
      { numRuns: 150 },
    );
  });
});
