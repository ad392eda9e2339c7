import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'libsql';

import { JournalFolder } from '../../testing/journal-folder.js';
import type { Segment } from '../segments/service-state.js';
import type { Journal } from './journal.js';
import { hashMinute, minuteMs as minute, noHash } from './minute-chain.js';
import { nothingToResume } from './resume-state.js';

const hour = 60 * minute;
const baseMs = Date.parse('2026-11-22T12:20:00.000Z');
const services = ['redis', 'agent'];
let folder: JournalFolder;

beforeEach(async () => {
  folder = await JournalFolder.make();
});

afterEach(async () => {
  await folder.remove();
});

const open = (retentionMs: number, chosen = services): Journal =>
  folder.open({ startMs: baseMs, services: chosen, retentionMs });

/** Up for 50 s and down for 7 s, again and again. */
function record(journal: Journal, untilMs: number) {
  const cycleMs = 57_000;
  const pieces: Segment[] = [];
  for (let atMs = journal.watermarkMs; atMs < untilMs;) {
    const phaseMs = (atMs - baseMs) % cycleMs;
    const isUp = phaseMs < 50_000;
    const toMs = Math.min(untilMs, atMs + (isUp ? 50_000 : cycleMs) - phaseMs);
    pieces.push({
      fromMs: atMs,
      toMs,
      state: isUp ? 'up' : 'down',
      reason: isUp ? null : 'exited',
      inferred: false,
      containerId: isUp ? 'c1' : null,
    });
    atMs = toMs;
  }
  const segments = new Map(services.map((service) => [service, pieces]));
  journal.record({ untilMs, segments, ended: [], resume: nothingToResume });
}

const finish = (journal: Journal) => {
  while (journal.upkeep.step());
};

const all = (journal: Journal) => [
  ...journal.sealedMinutes({ fromMs: 0, toMs: journal.health().sealedUntilMs ?? 0 }),
];

/** The chain from its first minute on, every hash made again. */
function expectChain(journal: Journal) {
  let previous = noHash;
  const minutes = all(journal).flat();
  for (const { content, previousHash, hash } of minutes) {
    expect(previousHash).toBe(previous);
    expect(hashMinute(previous, content)).toBe(hash);
    previous = hash;
  }
  expect(previous).toBe(journal.minuteHash(journal.watermarkMs));
  expect(minutes).toHaveLength((journal.watermarkMs - baseMs) / minute);
}

const rowsIn = (table: string) => {
  const database = new Database(join(folder.directory, 'journal.db'));
  try {
    return database.prepare(`SELECT count(*) AS count FROM ${table}`).get();
  } finally {
    database.close();
  }
};

describe('retention', () => {
  it('lets segments go, and keeps every minute, every hash, and every answer in whole minutes', () => {
    const journal = open(3 * hour);
    record(journal, baseMs + 10 * hour);
    const hashes = Array.from({ length: 600 }, (_, n) => journal.minuteHash(baseMs + n * minute));
    const window = { fromMs: baseMs + 17 * minute, toMs: baseMs + 591 * minute };
    const answer = journal.measure(window);
    finish(journal);
    expect(journal.health().keptSinceMs).toBe(Date.parse('2026-11-22T19:00:00.000Z'));
    expect(rowsIn('archived_hours')).toMatchObject({ count: 7 });
    expect(rowsIn('minutes')).toMatchObject({ count: 200 });
    // Three hours, and twenty minutes of the one under way.
    expect(rowsIn('minute_sums')).toMatchObject({ count: 3 * 59 + 20 });
    const kept = services.length * 2 * Math.ceil((200 * minute) / 57_000);
    expect(rowsIn('segments')).toMatchObject({ count: expect.closeTo(kept, -1) });
    expect(Array.from({ length: 600 }, (_, n) => journal.minuteHash(baseMs + n * minute))).toEqual(hashes);
    expect(journal.measure(window)).toEqual(answer);
    expectChain(journal);
  });

  it('leaves archived hours the sums at their ends alone, also when sums are made anew', () => {
    const journal = open(3 * hour);
    record(journal, baseMs + 10 * hour);
    finish(journal);
    folder.close(journal);
    finish(open(3 * hour, ['redis']));
    expect(rowsIn('minute_sums')).toMatchObject({ count: 3 * 59 + 20 });
    expect(rowsIn('hour_sums')).toMatchObject({ count: 10 });
  });

  it('does not begin before an hour is wholly older than it', () => {
    const journal = open(3 * hour);
    record(journal, Date.parse('2026-11-22T15:59:59.999Z'));
    finish(journal);
    expect(rowsIn('archived_hours')).toMatchObject({ count: 0 });
    record(journal, Date.parse('2026-11-22T16:00:00.000Z'));
    finish(journal);
    expect(rowsIn('archived_hours')).toMatchObject({ count: 1 });
  });

  it('is kept to by the database: nothing leaves that is not in the archive, and nothing leaves the archive', () => {
    const journal = open(3 * hour);
    record(journal, baseMs + 10 * hour);
    finish(journal);
    folder.close(journal);
    const database = new Database(join(folder.directory, 'journal.db'));
    try {
      expect(() => database.exec('DELETE FROM minutes')).toThrow('only for the archive');
      expect(() => database.exec('DELETE FROM segments')).toThrow('after its minutes were archived');
      expect(() => database.exec('DELETE FROM archived_hours')).toThrow('is kept');
      expect(() => database.exec('UPDATE archived_hours SET minutes = 1')).toThrow('does not change');
    } finally {
      database.close();
    }
  });

  it('is tried again after a disk that was full, and sealing does not wait for it', () => {
    const journal = open(hour);
    record(journal, baseMs + 4 * hour);
    const before = all(journal);
    const other = new Database(join(folder.directory, 'journal.db'));
    // As a full disk does: the writes of the archive fail, in the middle of a transaction.
    other.exec(
      `CREATE TRIGGER full BEFORE INSERT ON archived_hours BEGIN SELECT RAISE(ABORT, 'disk is full'); END`,
    );
    expect(() => {
      finish(journal);
    }).toThrow('disk is full');
    expect(all(journal)).toEqual(before);
    record(journal, baseMs + 5 * hour);
    expect(journal.health()).toMatchObject({ writable: true, sealedUntilMs: baseMs + 5 * hour });
    other.exec('DROP TRIGGER full');
    other.close();
    finish(journal);
    expect(rowsIn('archived_hours')).toMatchObject({ count: 4 });
    expectChain(journal);
  });
});

describe('a worker that is killed while it compacts', () => {
  /** The built journal, in a process of its own, which says each step it has done. */
  const program = `
    import { Journal } from ${JSON.stringify(new URL('../../../../dist/libs/monitoring/src/journal/journal.js', import.meta.url))};
    import { ServiceSelection } from ${JSON.stringify(new URL('../../../../dist/libs/monitoring/src/containers/service-selection.js', import.meta.url))};
    const log = { info() {}, warn() {}, error() {} };
    const selection = new ServiceSelection(${JSON.stringify(services)});
    const journal = Journal.open({ directory: process.argv[1], startMs: 0, selection, retentionMs: ${hour}, log });
    while (journal.upkeep.step()) process.stdout.write('step\\n');
    process.stdout.write('done\\n');
    journal.close();`;

  const compact = () =>
    spawn(process.execPath, ['--input-type=module', '-e', program, folder.directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  /** Kills it after so many steps, in whatever it does then. @returns whether it was done before */
  async function killAfter(child: ChildProcess, steps: number): Promise<boolean> {
    const exited = once(child, 'exit');
    let seen = 0;
    let isDone = false;
    if (!child.stdout) throw new Error('not piped');
    for await (const line of createInterface(child.stdout)) {
      isDone ||= line === 'done';
      if (++seen === steps) child.kill('SIGKILL');
    }
    await exited;
    return isDone;
  }

  it('leaves a whole journal each time, and another finishes the work', async () => {
    const journal = open(1_000 * hour);
    record(journal, baseMs + 24 * hour);
    const window = { fromMs: baseMs, toMs: baseMs + 24 * hour };
    const answer = journal.measure(window);
    folder.close(journal);
    let isDone = false;
    for (let kill = 1; !isDone; kill++) {
      isDone = await killAfter(compact(), kill * 8);
      const between = open(1_000 * hour);
      expect(between.measure(window)).toEqual(answer);
      expectChain(between);
      folder.close(between);
    }
    expect(rowsIn('archived_hours')).toMatchObject({ count: 23 });
  });
});
