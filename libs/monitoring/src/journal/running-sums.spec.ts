import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'libsql';

import { JournalFolder } from '../../testing/journal-folder.js';
import type { Segment } from '../segments/service-state.js';
import type { Journal } from './journal.js';
import { minuteMs as minute } from './minute-chain.js';
import { nothingToResume } from './resume-state.js';

const hour = 60 * minute;
const baseMs = Date.parse('2026-11-22T12:20:00.000Z');
let folder: JournalFolder;

beforeEach(async () => {
  folder = await JournalFolder.make();
});

afterEach(async () => {
  await folder.remove();
});

const open = (): Journal =>
  folder.open({ startMs: baseMs, services: ['redis', 's1_*'], retentionMs: 1_000 * hour });

const segment = (fromMs: number, toMs: number, state: 'up' | 'unknown' = 'up'): Segment => ({
  fromMs,
  toMs,
  state,
  reason: state === 'up' ? null : 'test',
  inferred: false,
  containerId: state === 'up' ? 'c1' : null,
});

/** `redis` is up for half of each minute. */
function record(journal: Journal, untilMs: number, also: [string, Segment[]][] = [], ended: string[] = []) {
  const redis: Segment[] = [];
  for (let atMs = journal.watermarkMs; atMs < untilMs; atMs += minute / 2) {
    redis.push(segment(atMs, atMs + minute / 2, atMs % minute === 0 ? 'up' : 'unknown'));
  }
  journal.record({ untilMs, segments: new Map([['redis', redis], ...also]), ended, resume: nothingToResume });
}

const finish = (journal: Journal) => {
  while (journal.upkeep.step());
};

const inDatabase = (work: (database: Database.Database) => void) => {
  const database = new Database(join(folder.directory, 'journal.db'));
  try {
    work(database);
  } finally {
    database.close();
  }
};

describe('running sums', () => {
  it('answer for whole minutes anywhere within an hour without a look at any minute', () => {
    const journal = open();
    record(journal, baseMs + 5 * hour);
    finish(journal);
    folder.close(journal);
    // What lies in between might as well not be there.
    inDatabase((database) => {
      database.exec('DROP TRIGGER minutes_stay');
      database.prepare("UPDATE minutes SET content = 'unreadable'").run();
    });
    const again = open();
    for (const [fromMs, minutes] of [
      [baseMs, 300],
      [baseMs - hour, 1],
      [baseMs + 7 * minute, 270],
      [baseMs + 61 * minute, 2],
      [baseMs + 99 * minute, 1],
    ] as const) {
      const window = { fromMs, toMs: Math.max(fromMs, baseMs) + minutes * minute };
      expect(again.measure(window).services).toMatchObject([{ name: 'redis', upMs: (minutes * minute) / 2 }]);
    }
  });

  it('follow the hour under way ten minutes at a time, also after a restart, and are never of a minute twice', () => {
    let journal = open();
    const sql = `SELECT ((max(until_ms) - ${baseMs}) / 60000) || ' in ' || count(*) FROM minute_sums`;
    const reached: unknown[] = [];
    for (let n = 1; n <= 14; n++) {
      record(journal, baseMs + n * 5 * minute);
      finish(journal);
      folder.close(journal);
      inDatabase((database) => {
        reached.push(database.prepare(sql).raw().all().flat()[0]);
      });
      journal = open();
    }
    expect(reached.slice(0, 4)).toEqual([null, '10 in 10', '10 in 10', '20 in 20']);
    // The full hour, forty minutes after the beginning, has a sum of its own.
    const later = ['39 in 39', '39 in 39', '50 in 49', '50 in 49', '60 in 59', '60 in 59', '70 in 69'];
    expect(reached.slice(7)).toEqual(later);
    const window = { fromMs: baseMs, toMs: baseMs + 70 * minute };
    expect(journal.measure(window).services).toMatchObject([{ upMs: 35 * minute, unknownMs: 35 * minute }]);
  });

  it('leave out what a glob stood for earlier or later in the same hour, and list it though nothing is known of it', () => {
    const journal = open();
    // Twice within one hour, and once more in a later one; nothing is known of it.
    const lives = [60, 85, 180].map((minutes) => {
      const fromMs = baseMs + minutes * minute;
      return { fromMs, toMs: fromMs + 10 * minute };
    });
    for (const { fromMs, toMs } of lives) {
      record(journal, fromMs);
      record(journal, toMs, [['s1_a', [segment(fromMs, toMs, 'unknown')]]], ['s1_a']);
    }
    record(journal, baseMs + 5 * hour);
    finish(journal);
    const names = (fromMs: number, toMs: number) =>
      journal.measure({ fromMs, toMs }).services.map(({ name }) => name);
    for (const { fromMs, toMs } of lives) {
      expect(names(fromMs - 9 * minute, fromMs)).toEqual(['redis']);
      expect(names(fromMs + minute, toMs - minute)).toEqual(['redis', 's1_a']);
      expect(names(toMs - minute, toMs + 9 * minute)).toEqual(['redis', 's1_a']);
      expect(names(toMs, toMs + 9 * minute)).toEqual(['redis']);
    }
  });

  it('that cannot be read are an error and not a number', () => {
    const journal = open();
    record(journal, baseMs + 2 * hour);
    finish(journal);
    const window = { fromMs: baseMs + 30 * minute, toMs: baseMs + hour };
    for (const sums of ['[]', '[["redis"],[1,2,3],[],[]]', '[["redis"],[1.5,2,3,4],[],[]]', '{}', 'null']) {
      inDatabase((database) => {
        database.prepare('UPDATE minute_sums SET sums = ?').run(sums);
      });
      expect(() => journal.measure(window)).toThrow('cannot be read');
    }
  });
});
