import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'libsql';

import { JournalFolder } from '../../testing/journal-folder.js';
import type { Segment } from '../segments/service-state.js';
import type { Span } from '../segments/window-sums.js';
import type { Journal } from './journal.js';
import { JournalUnwritableError } from './journal-errors.js';
import { minuteMs as minute } from './minute-chain.js';
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

const open = (name = 'old'): Journal =>
  folder.open({
    directory: join(folder.directory, name),
    startMs: baseMs,
    services,
    retentionMs: 1_000 * hour,
  });

/** Up for 50 s and down for 7 s, again and again; `redis` in another container every 95 minutes. */
function record(journal: Journal, untilMs: number) {
  const cycleMs = 57_000;
  const segments = new Map(services.map((name): [string, Segment[]] => [name, []]));
  for (let atMs = journal.watermarkMs; atMs < untilMs;) {
    const phaseMs = (atMs - baseMs) % cycleMs;
    const isUp = phaseMs < 50_000;
    const toMs = Math.min(untilMs, atMs + (isUp ? 50_000 : cycleMs) - phaseMs);
    const life = Math.floor((atMs - baseMs) / (95 * minute));
    for (const [name, pieces] of segments) {
      pieces.push({
        fromMs: atMs,
        toMs,
        state: isUp ? 'up' : 'down',
        reason: isUp ? null : 'exited',
        inferred: false,
        containerId: !isUp ? null : name === 'redis' ? `c${life}` : 'c',
      });
    }
    atMs = toMs;
  }
  journal.record({ untilMs, segments, ended: [], resume: nothingToResume });
}

const finish = (journal: Journal) => {
  while (journal.upkeep.step());
};

/** Windows that begin and end within minutes, on whole minutes, and on the hour. */
function windows(untilMs: number): Span[] {
  const points = [baseMs - hour, baseMs, baseMs + 12_345, untilMs];
  for (let atMs = baseMs; atMs < untilMs; atMs += 137 * minute) points.push(atMs, atMs + 54_321);
  points.push(baseMs + 40 * minute, baseMs + 6 * hour + 40 * minute);
  const inTime = [...new Set(points)].filter((atMs) => atMs <= untilMs).sort((a, b) => a - b);
  return inTime.flatMap((fromMs, index) => inTime.slice(index + 1).map((toMs) => ({ fromMs, toMs })));
}

/** What was recorded, from minutes and segments alone. */
function truth(untilMs: number) {
  const journal = open('never summed');
  record(journal, untilMs);
  const answers = windows(untilMs).map((window) => journal.measure(window));
  folder.close(journal);
  return answers;
}

function rewrite(sql: string) {
  const database = new Database(join(folder.directory, 'old', 'journal.db'));
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

const dropVersion3 = 'DROP TABLE minute_sums; ALTER TABLE container_runs RENAME TO hour_containers;';

describe('a journal of an older version', () => {
  it('without any sums is upgraded in place, and answers the same before they are made, meanwhile and after', () => {
    const untilMs = baseMs + 20 * hour;
    const old = open();
    record(old, untilMs);
    folder.close(old);
    const made = ['hour_sums', 'hour_all_up', 'hour_containers', 'hours_in_doubt', 'hours_built'];
    rewrite(`${dropVersion3}
      DROP TRIGGER minutes_are_kept_or_archived; DROP TRIGGER segments_are_kept_until_archived;
      ${[...made, 'archived_hours'].map((table) => `DROP TABLE ${table};`).join('\n')}
      PRAGMA user_version = 0`);

    const expected = truth(untilMs);
    const upgraded = open();
    const answers = () => windows(untilMs).map((window) => upgraded.measure(window));
    expect(answers()).toEqual(expected);
    upgraded.upkeep.step();
    expect(answers()).toEqual(expected);
    finish(upgraded);
    expect(answers()).toEqual(expected);
  });

  it('with sums of hours keeps them, and has sums of minutes from then on', () => {
    const beforeMs = baseMs + 7 * hour;
    const untilMs = beforeMs + 6 * hour;
    const old = open();
    record(old, beforeMs);
    finish(old);
    // Version 2 had lists of containers by the hour, and the sums of whole hours alone.
    const firstMs = baseMs - (baseMs % hour);
    const lists = Array.from({ length: 7 }, (_, n) => firstMs + n * hour).flatMap((fromMs) =>
      old
        .measure({ fromMs, toMs: fromMs + hour })
        .services.map(
          ({ name, containerIds }) =>
            `('${name}', ${fromMs}, ${fromMs + hour}, '${JSON.stringify(containerIds)}')`,
        ),
    );
    folder.close(old);
    rewrite(`${dropVersion3} DELETE FROM hour_containers;
      INSERT INTO hour_containers VALUES ${lists.join(', ')}; PRAGMA user_version = 2`);

    const upgraded = open();
    record(upgraded, untilMs);
    const expected = truth(untilMs);
    const answers = () => windows(untilMs).map((window) => upgraded.measure(window));
    expect(answers()).toEqual(expected);
    finish(upgraded);
    expect(answers()).toEqual(expected);
    folder.close(upgraded);
    const database = new Database(join(folder.directory, 'old', 'journal.db'));
    const rows = database.prepare('SELECT min(until_ms) AS first_ms FROM minute_sums').get();
    database.close();
    expect(rows).toMatchObject({ first_ms: Date.parse('2026-11-22T19:01:00.000Z') });
  });

  it('is not opened by a worker that is older than it', () => {
    folder.close(open());
    rewrite('PRAGMA user_version = 99');
    expect(() => open()).toThrow(JournalUnwritableError);
    expect(() => open()).toThrow('newer worker');
  });
});
