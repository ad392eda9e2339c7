import type Database from 'libsql';

import { hourMs } from './hour-archive.js';
import { integersOf } from './raw-rows.js';
import { type Counted, nothing, type WindowTally } from './window-tally.js';

const what = 'a sum';

/** Sums from the first hour to the end of each. */
export class HourSums {
  private readonly selectSums;
  private readonly selectAllUp;
  private readonly insertSums;
  private readonly insertAllUp;

  constructor(database: Database.Database) {
    this.selectSums = database
      .prepare(
        `SELECT up_ms, inferred_up_ms, down_ms, starting_ms FROM hour_sums
         WHERE service = ? AND until_ms <= ? ORDER BY until_ms DESC LIMIT 1`,
      )
      .raw();
    this.selectAllUp = database
      .prepare(
        'SELECT all_up_ms FROM hour_all_up WHERE services = ? AND until_ms <= ? ORDER BY until_ms DESC LIMIT 1',
      )
      .raw();
    this.insertSums = database.prepare('INSERT INTO hour_sums VALUES (?, ?, ?, ?, ?, ?)');
    this.insertAllUp = database.prepare('INSERT INTO hour_all_up VALUES (?, ?, ?)');
  }

  /** Adds the next hour; call within a transaction. */
  add(fromMs: number, tally: WindowTally): void {
    const untilMs = fromMs + hourMs;
    for (const [service, { upMs, inferredUpMs, downMs, startingMs }] of tally.sums) {
      const before = this.sumsAt(service, fromMs);
      this.insertSums.run(
        service,
        untilMs,
        before.upMs + upMs,
        before.inferredUpMs + inferredUpMs,
        before.downMs + downMs,
        before.startingMs + startingMs,
      );
    }
    for (const [roster, ms] of tally.rosters) {
      this.insertAllUp.run(roster, untilMs, this.allUpAt(roster, fromMs) + ms);
    }
  }

  /** Up to the end of an hour. */
  sumsAt(service: string, untilMs: number): Counted {
    const row = this.selectSums.get(service, untilMs);
    if (row === undefined) return nothing;
    const [upMs = 0, inferredUpMs = 0, downMs = 0, startingMs = 0] = integersOf(row, what);
    return { upMs, inferredUpMs, downMs, startingMs };
  }

  allUpAt(roster: string, untilMs: number): number {
    const row = this.selectAllUp.get(roster, untilMs);
    const [allUpMs = 0] = row === undefined ? [] : integersOf(row, what);
    return allUpMs;
  }
}
