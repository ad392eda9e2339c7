import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { JournalFolder } from '../../testing/journal-folder.js';
import type { Segment } from '../segments/service-state.js';
import { sumStates } from '../segments/window-sums.js';
import type { Journal } from './journal.js';
import { JournalLockedError } from './journal-errors.js';
import { noHash } from './minute-chain.js';
import { nothingToResume } from './resume-state.js';

const baseMs = Date.parse('2026-11-22T12:00:00.000Z');
const minute = 60_000;
let folder: JournalFolder;

beforeEach(async () => {
  folder = await JournalFolder.make();
});

afterEach(async () => {
  await folder.remove();
});

const open = (services = ['redis', 's1_*'], directory = folder.directory): Journal =>
  folder.open({ directory, startMs: baseMs, services, retentionMs: 35 * 1_440 * minute });

const segment = (fromMs: number, toMs: number, changes: Partial<Segment> = {}): Segment => ({
  fromMs: baseMs + fromMs,
  toMs: baseMs + toMs,
  state: 'up',
  reason: null,
  inferred: false,
  containerId: 'c1',
  ...changes,
});

const down: Partial<Segment> = { state: 'down', reason: 'exited' };

function record(
  journal: Journal,
  untilMs: number,
  segments: Record<string, Segment[]>,
  ended: string[] = [],
) {
  const pieces = new Map(Object.entries(segments));
  journal.record({ untilMs: baseMs + untilMs, segments: pieces, ended, resume: nothingToResume });
}

const measure = (journal: Journal, fromMs: number, toMs: number) =>
  journal.measure({ fromMs: baseMs + fromMs, toMs: baseMs + toMs });

describe('Journal', () => {
  it('begins where it was made: what lies before is unknown for good', () => {
    const journal = open();
    expect(journal.watermarkMs).toBe(baseMs);
    expect(measure(journal, -10_000, 0).services[0]).toMatchObject({ upMs: 0, unknownMs: 10_000 });
  });

  it('answers for a window from what was recorded, piece by piece', () => {
    const journal = open();
    record(journal, 5_000, { redis: [segment(0, 5_000)] });
    record(journal, 10_000, { redis: [segment(5_000, 7_000), segment(7_000, 10_000, down)] });
    record(journal, 15_000, { redis: [segment(10_000, 15_000, down)] });
    expect(measure(journal, 1_000, 14_000)).toEqual({
      services: [
        {
          name: 'redis',
          containerIds: ['c1'],
          upMs: 6_000,
          inferredUpMs: 0,
          downMs: 7_000,
          startingMs: 0,
          unknownMs: 0,
        },
      ],
      allUpMs: 6_000,
    });
  });

  it('names the containers of the window, not those just before or after it', () => {
    const journal = open();
    const other = { containerId: 'c2' };
    record(journal, 9_000, {
      redis: [segment(0, 3_000), segment(3_000, 6_000, other), segment(6_000, 9_000)],
    });
    expect(measure(journal, 3_000, 6_000).services[0]?.containerIds).toEqual(['c2']);
    expect(measure(journal, 2_999, 6_001).services[0]?.containerIds).toEqual(['c1', 'c2']);
  });

  it('answers any window as the segments themselves do, however they were cut into rounds', () => {
    const pieces = fc.array(
      fc.record({
        ms: fc.integer({ min: 1, max: 40_000 }),
        state: fc.constantFrom('up' as const, 'down' as const, 'starting' as const, 'unknown' as const),
      }),
      { minLength: 1, maxLength: 12 },
    );
    const journal = open(['s1_*']);
    let run = 0;
    fc.assert(
      fc.property(
        pieces,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 9 }),
        (states, left, right, rounds) => {
          // Each run has its own service and its own time, since a journal goes forward only.
          const service = `s1_${++run}`;
          const startMs = run * 1_000_000;
          let atMs = startMs;
          const segments = states.map(({ ms, state }) =>
            segment(atMs, (atMs += ms), { state, reason: state === 'up' ? null : 'test' }),
          );
          const endMs = atMs;
          for (let round = 1; round <= rounds; round++) {
            const fromMs = baseMs + startMs + Math.floor(((endMs - startMs) * (round - 1)) / rounds);
            const toMs = baseMs + startMs + Math.floor(((endMs - startMs) * round) / rounds);
            if (toMs === fromMs) continue;
            const cut = segments
              .filter((one) => one.fromMs < toMs && one.toMs > fromMs)
              .map((one) => ({
                ...one,
                fromMs: Math.max(one.fromMs, fromMs),
                toMs: Math.min(one.toMs, toMs),
              }));
            record(journal, toMs - baseMs, { [service]: cut }, round === rounds ? [service] : []);
          }
          const window = {
            fromMs: baseMs + startMs + (left % (endMs - startMs)),
            toMs: baseMs + endMs + (right % 10_000),
          };
          expect(journal.measure(window).services).toEqual([
            expect.objectContaining({ name: service, ...sumStates(segments, window) }),
          ]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('seals every minute that the watermark has passed, also those of a long absence', () => {
    const journal = open();
    record(journal, 90_000, { redis: [segment(10_000, 90_000)] });
    expect(journal.health().sealedUntilMs).toBe(baseMs + minute);
    const first = journal.minuteHash(baseMs + minute);
    expect(first).not.toBe(noHash);
    expect(journal.minuteHash(baseMs + minute - 1)).toBe(noHash);
    const dayMs = 1_440 * minute;
    expect(journal.furthestStepMs(baseMs + 3 * dayMs)).toBe(baseMs + 90_000 + dayMs);
    const absent = { state: 'unknown' as const, reason: 'worker not running', containerId: null };
    record(journal, 90_000 + dayMs, { redis: [segment(90_000, 90_000 + dayMs, absent)] });
    expect(journal.health().sealedUntilMs).toBe(baseMs + minute + dayMs);
    expect(journal.minuteHash(baseMs + minute)).toBe(first);
    expect(journal.minuteHash(baseMs + dayMs)).not.toBe(first);
  });

  it('ends at its watermark when it is opened again, and goes on from there', () => {
    const first = open();
    record(first, 5_000, { redis: [segment(0, 5_000)] });
    folder.close(first);
    const second = open();
    expect(second.watermarkMs).toBe(baseMs + 5_000);
    expect(second.left.services).toEqual(['redis']);
    expect(measure(second, 0, 8_000).services[0]).toMatchObject({ upMs: 5_000, unknownMs: 3_000 });
    record(second, 9_000, { redis: [segment(5_000, 9_000)] });
    expect(measure(second, 0, 9_000).services[0]).toMatchObject({ upMs: 9_000, unknownMs: 0 });
  });

  it('opens without repair after its process was killed at any moment', async () => {
    const journal = open();
    record(journal, 70_000, { redis: [segment(0, 70_000)] });
    const answer = measure(journal, 0, 70_000);
    const copy = join(folder.directory, 'copy');
    // What the disk holds while the process is alive is what it holds after SIGKILL.
    await cp(join(folder.directory, 'journal.db'), join(copy, 'journal.db'));
    await cp(join(folder.directory, 'journal.db-wal'), join(copy, 'journal.db-wal'));
    const reopened = open(undefined, copy);
    expect(reopened.watermarkMs).toBe(baseMs + 70_000);
    expect(measure(reopened, 0, 70_000)).toEqual(answer);
    expect(reopened.minuteHash(baseMs + minute)).toBe(journal.minuteHash(baseMs + minute));
  });

  it('has one writer', () => {
    const journal = open();
    expect(() => open()).toThrow(JournalLockedError);
    folder.close(journal);
    open();
  });

  it('changes nothing when a round cannot be recorded whole', () => {
    const journal = open();
    record(journal, 5_000, { redis: [segment(0, 5_000)] });
    const impossible = segment(8_000, 9_000, { state: 'down', reason: null });
    expect(() => {
      record(journal, 10_000, { redis: [segment(5_000, 8_000, down), impossible] });
    }).toThrow();
    expect(journal.watermarkMs).toBe(baseMs + 5_000);
    expect(journal.health().writable).toBe(false);
    record(journal, 10_000, { redis: [segment(5_000, 10_000)] });
    expect(journal.health().writable).toBe(true);
    expect(measure(journal, 0, 10_000).services[0]).toMatchObject({ upMs: 10_000, downMs: 0 });
  });

  it('leaves out what a glob stood for outside of its time', () => {
    const journal = open();
    record(journal, 5_000, { redis: [segment(0, 5_000)], s1_a: [segment(1_000, 5_000)] });
    record(journal, 9_000, { redis: [segment(5_000, 9_000)] }, ['s1_a']);
    expect(measure(journal, 0, 9_000).services.map(({ name }) => name)).toEqual(['redis', 's1_a']);
    expect(measure(journal, 6_000, 9_000).services.map(({ name }) => name)).toEqual(['redis']);
    expect(measure(journal, 0, 9_000).services[1]).toMatchObject({ upMs: 4_000, unknownMs: 5_000 });
  });
});
