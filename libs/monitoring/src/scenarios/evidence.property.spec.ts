import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { fuzz } from '../../testing/fuzz.js';
import { SeenEvents } from '../containers/seen-events.js';
import type { ContainerFacts, Finding, Observation } from '../segments/observation.js';
import { effectOn, type ServiceEvent } from '../segments/service-event.js';
import { isUp } from '../segments/gap.js';
import type { Segment } from '../segments/service-state.js';
import { ServiceTrack } from '../segments/service-track.js';
import { sumStates } from '../segments/window-sums.js';

const baseMs = Date.parse('2026-11-22T12:00:00.000Z');
const instant = (ms: number) => ({ wallMs: baseMs + ms, monotonicMs: ms });

type Deed = 'toggle' | 'restart' | 'flip' | 'pause';

/** In order of time, as the monitor gets to know it. */
type Heard = { event: ServiceEvent } | { observation: Observation };

interface World {
  heard: Heard[];
  /** What was really up, as one flag per millisecond. */
  upAt: boolean[];
  endMs: number;
}

/** A container with a health check, looked at every now and then; some questions are not answered. */
function play(deeds: readonly [number, Deed][], looks: readonly [number, boolean][]): World {
  let facts: ContainerFacts = {
    id: 'c0',
    image: 'postgres',
    status: 'running',
    paused: false,
    restarting: false,
    health: 'healthy',
    healthStaleMs: baseMs + 10_000_000,
    mismatch: null,
    startedAt: 'run 0',
    startedAtMs: baseMs - 1_000,
    finishedAtMs: null,
    exitCode: 0,
  };
  let runs = 0;
  const heard: Heard[] = [];
  const tell = (action: string, atMs: number) => {
    const event = effectOn('service', { action, name: 'service', containerId: facts.id, atMs });
    if (event) heard.push({ event });
  };
  const end = (atMs: number) => {
    facts = { ...facts, status: 'exited', health: 'unhealthy', finishedAtMs: atMs, exitCode: 137 };
    tell('die', atMs);
  };
  const begin = (atMs: number) => {
    const startedAt = `run ${++runs}`;
    facts = { ...facts, status: 'running', health: 'starting', startedAt, startedAtMs: atMs, exitCode: 0 };
    tell('start', atMs);
  };
  const act = (deed: Deed, atMs: number) => {
    if (deed === 'toggle') {
      if (facts.status === 'exited') begin(atMs);
      else end(atMs);
    } else if (deed === 'restart') {
      if (facts.status !== 'exited') end(atMs);
      begin(atMs);
    } else if (deed === 'flip' && facts.status === 'running') {
      facts = { ...facts, health: facts.health === 'healthy' ? 'unhealthy' : 'healthy' };
      tell(`health_status: ${facts.health ?? ''}`, atMs);
    } else if (deed === 'pause' && facts.status !== 'exited') {
      facts = { ...facts, status: facts.status === 'paused' ? 'running' : 'paused' };
      tell(facts.status === 'paused' ? 'pause' : 'unpause', atMs);
    }
  };
  const timed: { atMs: number; deed?: Deed; answered?: boolean }[] = [];
  let atMs = 0;
  for (const [afterMs, deed] of deeds) timed.push({ atMs: (atMs += afterMs), deed });
  let lookMs = 0;
  for (const [afterMs, answered] of looks) timed.push({ atMs: (lookMs += afterMs), answered });
  timed.sort((left, right) => left.atMs - right.atMs || (left.deed === undefined ? 1 : -1));
  const upAt: boolean[] = [];
  for (const one of timed) {
    while (upAt.length < one.atMs) upAt.push(facts.status === 'running' && facts.health === 'healthy');
    if (one.deed !== undefined) act(one.deed, baseMs + one.atMs);
    else {
      const finding: Finding =
        one.answered === true
          ? { kind: 'container', container: facts }
          : { kind: 'unanswered', reason: 'engine unreachable' };
      heard.push({
        observation: { finding, askedAt: instant(one.atMs), answeredAt: instant(one.atMs) },
      });
    }
  }
  return { heard, upAt, endMs: baseMs + lookMs };
}

const world = fc
  .record({
    deeds: fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 3_000 }),
        fc.constantFrom<Deed>('toggle', 'restart', 'flip', 'flip', 'pause'),
      ),
      { maxLength: 12 },
    ),
    looks: fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 5_000 }),
        fc.nat(9).map((dice) => dice > 0),
      ),
      { minLength: 2, maxLength: 10 },
    ),
  })
  .map(({ deeds, looks }) => play(deeds, looks));

function account(heard: readonly Heard[], startMs = 0): Segment[] {
  const track = new ServiceTrack(instant(startMs), 0);
  for (const one of heard) {
    if ('event' in one) track.addEvent(one.event);
    else track.observe(one.observation, () => true);
  }
  return track.segmentsUntil(Infinity);
}

const upMs = (segments: readonly Segment[], toMs: number) =>
  sumStates(segments, { fromMs: baseMs, toMs }).upMs;

describe('41 · evidence', () => {
  it('makes states that add up to every window, however it is split, and never more up time than there was', () => {
    fc.assert(
      fc.property(world, fc.nat(), ({ heard, upAt, endMs }, cut) => {
        const segments = account(heard);
        const atMs = baseMs + (cut % (endMs - baseMs));
        const whole = sumStates(segments, { fromMs: baseMs, toMs: endMs });
        const [left, right] = [
          sumStates(segments, { fromMs: baseMs, toMs: atMs }),
          sumStates(segments, { fromMs: atMs, toMs: endMs }),
        ];
        expect(whole.upMs + whole.downMs + whole.startingMs + whole.unknownMs).toBe(endMs - baseMs);
        for (const key of ['upMs', 'downMs', 'startingMs', 'unknownMs'] as const) {
          expect(whole[key]).toBe(left[key] + right[key]);
        }
        for (const { fromMs, toMs, state } of segments) {
          if (state === 'up') expect(upAt.slice(fromMs - baseMs, toMs - baseMs)).not.toContain(false);
        }
      }),
      fuzz(300),
    );
  });

  it('of up that is taken away, or turned into no answer, however much of it, adds no up time', () => {
    const choice = fc.array(fc.constantFrom('keep', 'lose', 'silence'), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(world, choice, ({ heard, endMs }, choices) => {
        let seen = 0;
        const fewer = heard.flatMap((one): Heard[] => {
          if (!('observation' in one) || !isUp(one.observation)) return [one];
          if (one.observation === lastOf(heard)) return [one];
          const chosen = choices[seen++ % choices.length];
          if (chosen === 'keep') return [one];
          if (chosen === 'lose') return [];
          const finding: Finding = { kind: 'unanswered', reason: 'inspection timed out' };
          return [{ observation: { ...one.observation, finding } }];
        });
        expect(upMs(account(fewer), endMs)).toBeLessThanOrEqual(upMs(account(heard), endMs));
      }),
      fuzz(500),
    );
  });

  it('told again, once or often, at once or after it was accounted for, changes nothing', () => {
    const again = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 });
    fc.assert(
      fc.property(world, again, ({ heard, endMs }, repeats) => {
        const repeated: Heard[] = [];
        heard.forEach((one, index) => {
          repeated.push(one);
          for (const [when, which] of repeats) {
            if (when % heard.length !== index) continue;
            const told = repeated.filter((other) => 'event' in other);
            const chosen = told[which % Math.max(1, told.length)];
            if (chosen) repeated.push(chosen);
          }
        });
        // As the stream does: an event is known by its time, action and container.
        const known = new SeenEvents();
        const once = repeated.filter((one) => {
          if (!('event' in one)) return true;
          const index = heard.indexOf(one);
          return known.add(`${one.event.atMs} ${index} ${one.event.containerId}`);
        });
        expect(account(once)).toEqual(account(heard));
        // And even without that nothing is gained.
        expect(upMs(account(repeated), endMs)).toBeLessThanOrEqual(upMs(account(heard), endMs));
      }),
      fuzz(300),
    );
  });
});

function lastOf(heard: readonly Heard[]): Observation | undefined {
  const last = heard.findLast((one) => 'observation' in one);
  return last?.observation;
}
