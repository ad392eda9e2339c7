import type Database from 'libsql';
import { z } from 'zod';

import type { Span } from '../segments/window-sums.js';
import { hourOf } from './hour-archive.js';
import { epochMs } from './journal-rows.js';
import { isIntegers, isTexts, jsonOf, UnreadableRowError } from './raw-rows.js';
import type { Counted, WindowTally } from './window-tally.js';

/** What an hour has added up to one of its minutes. */
export interface HourSoFar {
  sums: ReadonlyMap<string, Counted>;
  /** Per set of services, how long they were up at once. */
  rosters: ReadonlyMap<string, number>;
}

const lastRow = z.object({ until_ms: epochMs.nullable() });
const what = 'a sum of minutes';

const nothing: HourSoFar = { sums: new Map(), rosters: new Map() };

/** Names, four sums for each; sets of services, one sum for each. */
const toText = ({ sums, rosters }: HourSoFar) => {
  const numbers = [...sums.values()].flatMap((of) => [of.upMs, of.inferredUpMs, of.downMs, of.startingMs]);
  return JSON.stringify([[...sums.keys()], numbers, [...rosters.keys()], [...rosters.values()]]);
};

function fromJson(value: unknown): HourSoFar {
  const [names, numbers, sets, times] = Array.isArray(value) ? value.map((item: unknown) => item) : [];
  if (!isTexts(names) || !isIntegers(numbers) || !isTexts(sets) || !isIntegers(times)) {
    throw new UnreadableRowError(what);
  }
  if (numbers.length !== 4 * names.length || times.length !== sets.length) throw new UnreadableRowError(what);
  const sums = new Map<string, Counted>();
  names.forEach((name, index) => {
    const [upMs = 0, inferredUpMs = 0, downMs = 0, startingMs = 0] = numbers.slice(4 * index, 4 * index + 4);
    sums.set(name, { upMs, inferredUpMs, downMs, startingMs });
  });
  return { sums, rosters: new Map(sets.map((set, index) => [set, times[index] ?? 0])) };
}

/**
 * What an hour has added up to each of its minutes: one row a minute with all services, so that a window that begins or
 * ends within an hour takes one row there and not up to 59 minutes. Only of hours that are not archived.
 */
export class MinuteSums {
  private readonly insert;
  private readonly select;
  private readonly delete;

  constructor(private readonly database: Database.Database) {
    this.insert = database.prepare('INSERT INTO minute_sums VALUES (?, ?)');
    this.select = database.prepare('SELECT sums FROM minute_sums WHERE until_ms = ?').raw();
    this.delete = database.prepare('DELETE FROM minute_sums WHERE until_ms > ? AND until_ms < ?');
  }

  /** End of the last minute of the hour under way; `hoursUntilMs` before it has one. */
  lastMs(hoursUntilMs: number | null): number | null {
    const found = this.database.prepare('SELECT max(until_ms) AS until_ms FROM minute_sums').get();
    const { until_ms } = lastRow.parse(found);
    return until_ms === null || until_ms < (hoursUntilMs ?? 0) ? hoursUntilMs : until_ms;
  }

  /** Call within a transaction. */
  add(untilMs: number, hour: WindowTally): void {
    this.insert.run(untilMs, toText(hour));
  }

  /** Call within a transaction. */
  remove({ fromMs, toMs }: Span): void {
    this.delete.run(fromMs, toMs);
  }

  has(untilMs: number): boolean {
    return this.select.get(untilMs) !== undefined;
  }

  /** Up to here, which it `has`, or the full hour, at which nothing has been added yet. */
  at(untilMs: number): HourSoFar {
    return untilMs === hourOf(untilMs) ? nothing : fromJson(jsonOf(this.select.get(untilMs), what));
  }
}
