import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { FactLogger } from '#platform';
import fc from 'fast-check';

import { ServiceSelection } from '../containers/service-selection.js';
import type { Segment } from '../segments/service-state.js';
import type { Span } from '../segments/window-sums.js';
import { Journal } from './journal.js';
import { CompactedError } from './journal-errors.js';
import { nothingToResume } from './resume-state.js';
import { measureWindow, type WindowMeasure } from './window-measure.js';

const minute = 60_000;
const hour = 60 * minute;
/** In the middle of a minute, and of an hour. */
const baseMs = Date.parse('2026-11-22T12:34:56.789Z');

/** What happened: the segments of each service, which a glob's services have only for some of the time. */
type World = Map<string, Segment[]>;

interface Piece {
  ms: number;
  kind: 'up' | 'other container' | 'inferred' | 'down' | 'starting' | 'unknown' | 'absent';
}

function worldOf(pieces: Record<string, Piece[]>): World {
  const world: World = new Map();
  for (const [service, list] of Object.entries(pieces)) {
    const segments: Segment[] = [];
    let atMs = baseMs;
    for (const { ms, kind } of list) {
      const fromMs = atMs;
      atMs += ms;
      // An exact name is never absent: it is watched from the beginning on.
      const state = kind === 'absent' ? (service.startsWith('s1_') ? null : 'down') : kind;
      if (state === null) continue;
      const isUp = state === 'up' || state === 'other container' || state === 'inferred';
      segments.push({
        fromMs,
        toMs: atMs,
        state: isUp ? 'up' : state,
        reason: isUp ? null : 'test',
        inferred: state === 'inferred',
        containerId: state === 'other container' ? `${service}-2` : isUp ? `${service}-1` : null,
      });
    }
    world.set(service, segments);
  }
  return world;
}

const cut = (segments: readonly Segment[], { fromMs, toMs }: Span) =>
  segments
    .filter((segment) => segment.fromMs < toMs && segment.toMs > fromMs)
    .map((segment) => ({
      ...segment,
      fromMs: Math.max(segment.fromMs, fromMs),
      toMs: Math.min(segment.toMs, toMs),
    }));

/** The direct sum over the segments. */
function truth(world: World, selection: ServiceSelection, window: Span): WindowMeasure {
  const services = selection
    .order(world.keys())
    .map((name) => ({ name, segments: cut(world.get(name) ?? [], window) }));
  return measureWindow(
    services.filter(({ name, segments }) => selection.isExact(name) || segments.length > 0),
    window,
  );
}

function open(directory: string, selection: ServiceSelection, retentionMs: number): Journal {
  const log = new FactLogger('test');
  return Journal.open({ directory, startMs: baseMs, selection, retentionMs, log });
}

/** Records the world in steps; `upkeep` says how many steps of upkeep follow each. */
function play(journal: Journal, world: World, endMs: number, stepMs: number, upkeep: number) {
  for (let fromMs = journal.watermarkMs; fromMs < endMs;) {
    const toMs = Math.min(endMs, fromMs + stepMs);
    const segments = new Map<string, Segment[]>();
    const ended: string[] = [];
    for (const [service, all] of world) {
      // What is absent now ended before: the journal is told where.
      const within = cut(all, { fromMs, toMs });
      const holes = within.some((segment, index) => index > 0 && within[index - 1]?.toMs !== segment.fromMs);
      segments.set(service, within);
      if (within.length > 0 && (within.at(-1)?.toMs ?? 0) < toMs) ended.push(service);
      if (holes) throw new Error('a step has no holes');
    }
    journal.record({ untilMs: toMs, segments, ended, resume: nothingToResume });
    for (let n = 0; n < upkeep; n++) journal.upkeep.step();
    fromMs = toMs;
  }
}

/** Longer than a step, so that no step sees a service leave and come back. */
const longestStepMs = 17 * minute;
const piece = fc.record({
  ms: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 40_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: longestStepMs, max: 2 * hour }) },
  ),
  kind: fc.constantFrom<Piece['kind'][]>(
    'up',
    'up',
    'up',
    'other container',
    'inferred',
    'down',
    'starting',
    'unknown',
  ),
});
const absence = fc.record({
  ms: fc.integer({ min: longestStepMs, max: 3 * hour }),
  kind: fc.constant<'absent'>('absent'),
});
const exact = fc.array(piece, { minLength: 3, maxLength: 12 });
const coming = fc
  .array(fc.tuple(absence, fc.array(piece, { minLength: 1, maxLength: 6 })), { minLength: 1, maxLength: 3 })
  .map((lives) => lives.flatMap(([away, life]) => [away, ...life]));

const history = fc.record({
  pieces: fc.record({ redis: exact, agent: exact, s1_a: coming, s1_b: coming }),
  stepMs: fc.integer({ min: 9 * minute, max: longestStepMs }),
  upkeep: fc.nat({ max: 2 }),
  points: fc.array(fc.double({ min: -0.1, max: 1, noNaN: true }), { minLength: 4, maxLength: 7 }),
});

const endOf = (world: World) =>
  Math.max(...[...world.values()].map((segments) => segments.at(-1)?.toMs ?? baseMs));

/** Windows between the points of a history that lasts until `endMs`, in milliseconds and in whole minutes. */
function windowsOf(points: readonly number[], endMs: number): Span[] {
  const times = points.map((point) => Math.round(baseMs + point * (endMs - baseMs)));
  const pairs = times.flatMap((left, index) => times.slice(index + 1).map((right) => [left, right] as const));
  return pairs.flatMap(([left, right]) => {
    const [fromMs, toMs] = left < right ? [left, right] : [right, left];
    const whole = { fromMs: Math.floor(fromMs / minute) * minute, toMs: Math.floor(toMs / minute) * minute };
    return [{ fromMs, toMs }, whole].filter((window) => window.fromMs < window.toMs);
  });
}

function inDirectory(run: (directory: string) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'windows-'));
  try {
    run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function withJournal(
  directory: string,
  selection: ServiceSelection,
  retentionMs: number,
  run: (journal: Journal) => void,
) {
  const journal = open(directory, selection, retentionMs);
  try {
    run(journal);
  } finally {
    journal.close();
  }
}

const finish = (journal: Journal) => {
  while (journal.upkeep.step());
};

const chosen = new ServiceSelection(['redis', 'agent', 's1_*']);
const years = 1_000 * 24 * hour;

beforeAll(() => {
  Logger.overrideLogger(false);
});

describe('windows of any length', () => {
  it('are the direct sum over the segments, whatever sums of minutes and hours are there yet', () => {
    fc.assert(
      fc.property(history, ({ pieces, stepMs, upkeep, points }) => {
        inDirectory((directory) => {
          withJournal(directory, chosen, years, (journal) => {
            const world = worldOf(pieces);
            const endMs = endOf(world);
            play(journal, world, endMs, stepMs, upkeep);
            const windows = windowsOf(points, endMs);
            const before = windows.map((window) => journal.measure(window));
            expect(before).toEqual(windows.map((window) => truth(world, chosen, window)));
            finish(journal);
            expect(windows.map((window) => journal.measure(window))).toEqual(before);
          });
        });
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  it('add up: two that touch are one', () => {
    fc.assert(
      fc.property(history, ({ pieces, stepMs, upkeep, points }) => {
        inDirectory((directory) => {
          withJournal(directory, new ServiceSelection(['redis', 'agent']), years, (journal) => {
            const world = worldOf({ redis: pieces.redis, agent: pieces.agent });
            const endMs = endOf(world);
            play(journal, world, endMs, stepMs, upkeep);
            for (const { fromMs, toMs } of windowsOf(points, endMs)) {
              const middleMs = Math.floor((fromMs + toMs) / 2);
              if (middleMs === fromMs) continue;
              const whole = journal.measure({ fromMs, toMs });
              const left = journal.measure({ fromMs, toMs: middleMs });
              const right = journal.measure({ fromMs: middleMs, toMs });
              expect(left.allUpMs + right.allUpMs).toBe(whole.allUpMs);
              whole.services.forEach((service, index) => {
                const [l, r] = [left.services[index], right.services[index]];
                for (const sum of ['upMs', 'inferredUpMs', 'downMs', 'startingMs', 'unknownMs'] as const) {
                  expect((l?.[sum] ?? NaN) + (r?.[sum] ?? NaN)).toBe(service[sum]);
                }
                expect(service.upMs + service.downMs + service.startingMs + service.unknownMs).toBe(
                  toMs - fromMs,
                );
              });
            }
          });
        });
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  it.each([
    ['one service less', ['redis', 's1_*']],
    ['one more, which nobody watched before', ['redis', 'agent', 'never_seen', 's1_*']],
    ['exact names instead of the glob', ['redis', 'agent', 's1_a']],
  ])('are the direct sum after the choice of services has changed: %s', (_, services) => {
    const other = new ServiceSelection(services);
    fc.assert(
      fc.property(history, ({ pieces, stepMs, points }) => {
        inDirectory((directory) => {
          const world = worldOf(pieces);
          const endMs = endOf(world);
          withJournal(directory, chosen, years, (journal) => {
            play(journal, world, endMs, stepMs, 1);
            finish(journal);
          });
          withJournal(directory, other, years, (journal) => {
            const windows = windowsOf(points, endMs);
            const direct = windows.map((window) => truth(world, other, window));
            expect(windows.map((window) => journal.measure(window))).toEqual(direct);
            journal.upkeep.step();
            finish(journal);
            expect(windows.map((window) => journal.measure(window))).toEqual(direct);
          });
        });
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });

  it('are the same after retention where they are of whole minutes, and else refused', () => {
    fc.assert(
      fc.property(history, ({ pieces, stepMs, points }) => {
        inDirectory((directory) => {
          withJournal(directory, chosen, 90 * minute, (journal) => {
            const world = worldOf(pieces);
            const endMs = endOf(world);
            play(journal, world, endMs, stepMs, 2);
            finish(journal);
            const keptSinceMs = journal.health().keptSinceMs ?? 0;
            expect(endMs - keptSinceMs).toBeLessThan(150 * minute + longestStepMs);
            const isKept = (atMs: number) =>
              atMs % minute === 0 || atMs >= keptSinceMs || atMs < baseMs - (baseMs % minute);
            for (const window of windowsOf(points, endMs)) {
              if (isKept(window.fromMs) && isKept(window.toMs)) {
                expect(journal.measure(window)).toEqual(truth(world, chosen, window));
              } else expect(() => journal.measure(window)).toThrow(CompactedError);
            }
          });
        });
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
});
