import { describe, expect, it } from '@jest/globals';

import type { Anchor, Gap } from './gap.js';
import type { ContainerFacts, Finding, Observation } from './observation.js';
import { segmentsBetween } from './segments-between.js';
import { effectOn, type ServiceEvent } from './service-event.js';

const baseMs = Date.parse('2026-11-22T12:00:00.000Z');
const iso = (ms: number) => new Date(baseMs + ms).toISOString();

function container(
  changes: Partial<ContainerFacts> & { startedMs?: number; endedMs?: number } = {},
): Finding {
  const { startedMs = -60_000, endedMs, ...facts } = changes;
  return {
    kind: 'container',
    container: {
      id: 'c1',
      image: 'redis',
      status: 'running',
      paused: false,
      restarting: false,
      health: null,
      healthStaleMs: baseMs + 60_000,
      mismatch: null,
      startedAt: iso(startedMs),
      startedAtMs: baseMs + startedMs,
      finishedAtMs: endedMs === undefined ? null : baseMs + endedMs,
      exitCode: 0,
      ...facts,
    },
  };
}

const missing: Finding = { kind: 'missing' };
const unanswered: Finding = { kind: 'unanswered', reason: 'engine unreachable' };

const instant = (ms: number) => ({ wallMs: baseMs + ms, monotonicMs: 1_000_000 + ms });
const seen = (finding: Finding, askedMs: number, latencyMs = 0): Observation => ({
  finding,
  askedAt: instant(askedMs),
  answeredAt: instant(askedMs + latencyMs),
});

function event(action: string, ms: number, containerId = 'c1'): ServiceEvent {
  const effect = effectOn('redis', { action, name: 'redis', containerId, atMs: baseMs + ms });
  if (!effect) throw new Error(`${action} has no effect`);
  return effect;
}

const anchor = (finding: Finding): Anchor => ({
  observation: seen(finding, 0),
  settledMs: baseMs,
  before: { state: 'unknown', reason: 'before' },
});

/** The gap from 0 to 5 s, as `state[:reason] from-to` relative to its start. */
function between(
  a: Finding,
  b: Observation,
  events: ServiceEvent[] = [],
  changes: Partial<Gap> = {},
): string[] {
  const gap: Gap = {
    fromMs: baseMs,
    a: anchor(a),
    b,
    events,
    eventsComplete: true,
    resumed: false,
    ...changes,
  };
  return segmentsBetween(gap).segments.map(
    ({ state, reason, fromMs, toMs, inferred }) =>
      `${inferred ? 'inferred ' : ''}${state}${reason === null ? '' : `:${reason}`} ${fromMs - baseMs}-${toMs - baseMs}`,
  );
}

const running = container();

describe('segments between two observations', () => {
  it('a container that runs on is up', () => {
    expect(between(running, seen(running, 5_000))).toEqual(['up 0-5000']);
  });

  it('a container that ended is up until the end that the Engine states, less its lateness where no event told', () => {
    const exited = container({ status: 'exited', endedMs: 1_200, exitCode: 137 });
    expect(between(running, seen(exited, 5_000))).toEqual(['up 0-950', 'down:exited 950-5000']);
    const atOnce = container({ status: 'exited', endedMs: 100, exitCode: 137 });
    expect(between(running, seen(atOnce, 5_000))).toEqual(['down:exited 0-5000']);
    // `die` is logged after the process has ended.
    expect(between(running, seen(exited, 5_000), [event('die', 1_900)])).toEqual([
      'up 0-1200',
      'down:exited 1200-5000',
    ]);
  });

  it('an end that a restarted daemon made up is not believed', () => {
    const crashed = container({ status: 'exited', endedMs: 4_800, exitCode: 255 });
    expect(between(running, seen(crashed, 5_000))).toEqual(['down:exited 0-5000']);
  });

  it('a restart that events told of is down between die and start', () => {
    const restarted = container({ startedMs: 1_490, endedMs: 1_000 });
    expect(between(running, seen(restarted, 5_000), [event('die', 1_010), event('start', 1_500)])).toEqual([
      'up 0-1000',
      'down:exited 1000-1500',
      'up 1500-5000',
    ]);
  });

  it('a restart that no event told of is down for the whole gap', () => {
    const restarted = container({ startedMs: 1_490, endedMs: 1_000 });
    expect(between(running, seen(restarted, 5_000))).toEqual(['down:exited 0-5000']);
  });

  it('a restart in a gap that the events did not cover is down from its beginning', () => {
    const restarted = container({ startedMs: 1_490, endedMs: 1_000 });
    const events = [event('die', 1_010), event('start', 1_500)];
    expect(between(running, seen(restarted, 5_000), events, { eventsComplete: false })).toEqual([
      'down:exited 0-1500',
      'up 1500-5000',
    ]);
  });

  it('a crash loop is down from the first end to the last start', () => {
    const restarted = container({ startedMs: 3_000, endedMs: 2_900 });
    const events = [event('die', 100), event('start', 200), event('die', 2_900), event('start', 3_001)];
    expect(between(running, seen(restarted, 5_000), events)).toEqual([
      'up 0-100',
      'down:exited 100-3001',
      'up 3001-5000',
    ]);
  });

  it('a pause counts between its events though the container looks the same before and after', () => {
    expect(between(running, seen(running, 5_000), [event('pause', 1_000), event('unpause', 1_700)])).toEqual([
      'up 0-1000',
      'down:paused 1000-1700',
      'up 1700-5000',
    ]);
  });

  it('half of a pause lost makes more of the gap down, not less', () => {
    expect(between(running, seen(running, 5_000), [event('pause', 1_000)])).toEqual([
      'up 0-1000',
      'down:paused 1000-5000',
    ]);
    expect(between(running, seen(running, 5_000), [event('unpause', 1_700)])).toEqual([
      'down:exited 0-1700',
      'up 1700-5000',
    ]);
  });

  it('a pause that only inspection saw is down from the last time the service was seen up', () => {
    expect(between(running, seen(container({ status: 'paused', paused: true }), 5_000))).toEqual([
      'down:paused 0-5000',
    ]);
  });

  it('a removed container is down from its end, and missing when asked for', () => {
    expect(between(running, seen(missing, 5_000), [event('die', 900), event('destroy', 950)])).toEqual([
      'up 0-900',
      'down:exited 900-5000',
    ]);
    expect(between(running, seen(missing, 5_000))).toEqual(['down:missing 0-5000']);
    expect(between(missing, seen(missing, 5_000))).toEqual(['down:missing 0-5000']);
  });

  it('an event that only follows the end does not stand for it', () => {
    expect(between(running, seen(missing, 5_000), [event('destroy', 950)])).toEqual(['down:missing 0-5000']);
    const exited = container({ status: 'exited', endedMs: 1_200 });
    expect(between(running, seen(exited, 5_000), [event('stop', 1_500)])).toEqual([
      'up 0-950',
      'down:exited 950-5000',
    ]);
  });

  it('another container under the name is up from its own start', () => {
    const other = container({ id: 'c2', startedMs: 3_000 });
    const events = [event('die', 1_000), event('destroy', 1_100), event('start', 3_001, 'c2')];
    expect(between(running, seen(other, 5_000), events)).toEqual([
      'up 0-1000',
      'down:exited 1000-3001',
      'up 3001-5000',
    ]);
    expect(between(running, seen(other, 5_000), [event('start', 3_001)])).toEqual(['down:exited 0-5000']);
  });

  it('a start from before the present run does not count as its start', () => {
    const restarted = container({ startedMs: 4_000, endedMs: 3_900 });
    const events = [event('die', 1_000), event('start', 1_500)];
    expect(between(running, seen(restarted, 5_000), events)).toEqual(['up 0-1000', 'down:exited 1000-5000']);
  });

  it('a container with a health check is starting from its start and up from its first healthy probe', () => {
    const exited = container({ status: 'exited', health: 'unhealthy' });
    const healthy = container({ startedMs: 1_000, health: 'healthy' });
    const events = [event('start', 1_001), event('health_status: healthy', 4_000)];
    expect(between(exited, seen(healthy, 5_000), events)).toEqual([
      'down:exited 0-1001',
      'starting:health check pending 1001-4000',
      'up 4000-5000',
    ]);
    const pending = container({ startedMs: 1_000, health: 'starting' });
    expect(between(exited, seen(pending, 5_000), [event('start', 1_001)])).toEqual([
      'down:exited 0-1001',
      'starting:health check pending 1001-5000',
    ]);
  });

  it('an unhealthy container is down from the probe that said so', () => {
    const healthy = container({ health: 'healthy' });
    const unhealthy = container({ health: 'unhealthy' });
    expect(between(healthy, seen(unhealthy, 5_000), [event('health_status: unhealthy', 2_000)])).toEqual([
      'up 0-2000',
      'down:unhealthy 2000-5000',
    ]);
  });

  it('an end of an earlier run is no end of this one', () => {
    const before = container({ endedMs: -90_000 });
    const paused = container({ endedMs: -90_000, status: 'paused' });
    expect(between(before, seen(paused, 5_000), [event('pause', 2_000)])).toEqual([
      'up 0-2000',
      'down:paused 2000-5000',
    ]);
  });

  it('a service whose start nobody saw is up only from the answer that shows it', () => {
    const started = container({ startedMs: 1_000 });
    const gap: Gap = {
      fromMs: baseMs,
      a: anchor(missing),
      b: seen(started, 5_000, 2_000),
      events: [],
      eventsComplete: true,
      resumed: false,
    };
    const { segments, next } = segmentsBetween(gap);
    expect(segments).toMatchObject([{ state: 'down', reason: 'missing', toMs: baseMs + 5_000 }]);
    expect(next.settledMs).toBe(baseMs + 7_000);
    const after = segmentsBetween({ ...gap, fromMs: baseMs + 5_000, a: next, b: seen(started, 10_000) });
    expect(after.segments).toMatchObject([
      { state: 'down', reason: 'missing', fromMs: baseMs + 5_000, toMs: baseMs + 7_000 },
      { state: 'up', fromMs: baseMs + 7_000, toMs: baseMs + 10_000 },
    ]);
  });

  it('an unanswered question makes the time on both of its sides unknown', () => {
    expect(between(running, seen(unanswered, 5_000, 4_000))).toEqual(['unknown:engine unreachable 0-9000']);
    expect(between(unanswered, seen(running, 5_000))).toEqual(['unknown:engine unreachable 0-5000']);
  });

  it('a status that Docker does not have is unknown', () => {
    expect(between(running, seen(container({ status: 'levitating' }), 5_000))).toEqual([
      'unknown:container status not recognised 0-5000',
    ]);
  });

  it('more than twelve seconds without an observation are unknown', () => {
    expect(between(running, seen(running, 12_000))).toEqual(['up 0-12000']);
    expect(between(running, seen(running, 12_001))).toEqual(['unknown:not watched 0-12001']);
  });

  it('a step of the wall clock, forwards or backwards, is unknown time', () => {
    const forwards = seen(running, 5_000);
    forwards.askedAt = { wallMs: baseMs + 5_000, monotonicMs: 1_000_000 + 3_999 };
    expect(between(running, forwards)).toEqual(['unknown:clock stepped 0-5000']);
    const backwards = seen(running, 5_000);
    backwards.askedAt = { wallMs: baseMs - 3_600_000, monotonicMs: 1_005_000 };
    expect(between(running, backwards)).toEqual([]);
  });

  describe('after the worker was away', () => {
    const resumed = { resumed: true };

    it('the same run with a complete and empty replay is inferred', () => {
      expect(between(running, seen(running, 120_000), [], resumed)).toEqual(['inferred up 0-120000']);
    });

    it.each([
      ['longer than two minutes', seen(running, 120_001), [], resumed],
      ['an incomplete replay', seen(running, 60_000), [], { ...resumed, eventsComplete: false }],
      ['an event meanwhile', seen(running, 60_000), [event('pause', 1_000)], resumed],
      ['another run', seen(container({ startedMs: 10 }), 60_000), [], resumed],
      ['another container', seen(container({ id: 'c2' }), 60_000), [], resumed],
      ['a container that is not up', seen(container({ status: 'paused' }), 60_000), [], resumed],
    ])('%s leaves it unknown', (_case, b, events, changes) => {
      const [segment, ...others] = between(running, b, events, changes);
      expect(segment).toMatch(/^unknown:worker not running 0-/);
      expect(others).toEqual([]);
    });

    it('a service that was not up before is not inferred to have been', () => {
      const exited = container({ status: 'exited' });
      expect(between(exited, seen(running, 60_000), [], resumed)).toEqual([
        'unknown:worker not running 0-60000',
      ]);
    });
  });
});
