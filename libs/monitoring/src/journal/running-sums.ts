import type Database from 'libsql';
import { z } from 'zod';

import type { Span } from '../segments/window-sums.js';
import { ContainerRuns } from './container-runs.js';
import { hourMs, hourOf } from './hour-archive.js';
import { HourSums } from './hour-sums.js';
import { epochMs } from './journal-rows.js';
import { minuteMs } from './minute-chain.js';
import { MinuteSums } from './minute-sums.js';
import { type ChosenMinute, type Counted, rosterOf, WindowTally } from './window-tally.js';

const builtRow = z.object({ selection: z.string(), until_ms: epochMs.nullable() });

const tables = ['hour_sums', 'hour_all_up', 'minute_sums', 'container_runs', 'hours_in_doubt', 'hours_built'];

/** What `add` has written, to be kept after the commit. */
interface Added {
  untilMs: number;
  minutes: readonly ChosenMinute[];
  isInDoubt: boolean;
}

/**
 * Sums from the first hour on to the end of every hour, and to the end of every minute whose hour is not archived, so
 * that a window of any length is the difference of two. Made from sealed minutes, without a gap up to `untilMs`, and made
 * anew at will.
 */
export class RunningSums {
  private until: number | null = null;
  private doubt = false;
  private readonly hours: HourSums;
  private readonly minutes: MinuteSums;
  private readonly runs: ContainerRuns;

  constructor(private readonly database: Database.Database) {
    this.hours = new HourSums(database);
    this.minutes = new MinuteSums(database);
    this.runs = new ContainerRuns(database);
  }

  /** @param selection which services are chosen, as a text: with another choice the sums are made anew */
  load(selection: string): void {
    const found = this.database.prepare('SELECT selection, until_ms FROM hours_built').get();
    const built = found === undefined ? undefined : builtRow.parse(found);
    if (built?.selection === selection) this.until = this.minutes.lastMs(built.until_ms);
    else this.begin(selection);
    this.runs.load();
    this.doubt = this.database.prepare('SELECT 1 AS found FROM hours_in_doubt LIMIT 1').get() !== undefined;
  }

  private begin(selection: string) {
    this.database.exec('BEGIN IMMEDIATE');
    for (const table of tables) this.database.exec(`DELETE FROM ${table}`);
    this.database.prepare('INSERT INTO hours_built VALUES (1, ?, NULL)').run(selection);
    this.database.exec('COMMIT');
  }

  /** End of the last minute that was added; null before the first. */
  get untilMs(): number | null {
    return this.until;
  }

  /**
   * Adds what is new of an hour; call within a transaction, and `keep` after it.
   * @param span from the full hour on
   * @param minutes all that were sealed within it
   * @param archivedUntilMs before this only whole hours have sums
   */
  add({ fromMs, toMs }: Span, minutes: Iterable<ChosenMinute>, archivedUntilMs: number): Added {
    const addedMs = this.until ?? fromMs;
    const hour = new WindowTally();
    const added: ChosenMinute[] = [];
    for (const minute of minutes) {
      hour.addMinute(minute);
      if (minute.minuteMs < addedMs) continue;
      added.push(minute);
      const untilMs = minute.minuteMs + minuteMs;
      if (fromMs >= archivedUntilMs && untilMs < fromMs + hourMs) this.minutes.add(untilMs, hour);
    }
    this.runs.add(added);
    if (toMs === fromMs + hourMs) this.addHour(fromMs, hour);
    return { untilMs: toMs, minutes: added, isInDoubt: hour.isInDoubt };
  }

  private addHour(fromMs: number, hour: WindowTally) {
    this.hours.add(fromMs, hour);
    if (hour.isInDoubt) this.database.prepare('INSERT INTO hours_in_doubt VALUES (?)').run(fromMs);
    this.database.prepare('UPDATE hours_built SET until_ms = ?').run(fromMs + hourMs);
  }

  /** After the commit. */
  keep({ untilMs, minutes, isInDoubt }: Added): void {
    this.until = untilMs;
    this.doubt ||= isInDoubt;
    this.runs.keep(minutes);
  }

  /** What an archived hour does not need any more; call within a transaction. */
  removeMinutes(hour: Span): void {
    this.minutes.remove(hour);
  }

  /** Whether a window may begin or end here and take nothing but sums; `atMs` is a whole minute. */
  has(atMs: number): boolean {
    if (this.until === null || atMs > this.until) return false;
    return atMs === hourOf(atMs) || this.minutes.has(atMs);
  }

  /** A span between two times that the sums `has`. */
  addTo(tally: WindowTally, span: Span, isChosen: (service: string) => boolean): void {
    const before = this.sumsAt(span.fromMs);
    const after = this.sumsAt(span.toMs);
    for (const service of this.runs.services(span)) {
      const containers = isChosen(service) ? this.runs.within(service, span) : null;
      if (containers === null) continue;
      const [from, to] = [before(service), after(service)];
      tally.addService(
        service,
        {
          upMs: to.upMs - from.upMs,
          inferredUpMs: to.inferredUpMs - from.inferredUpMs,
          downMs: to.downMs - from.downMs,
          startingMs: to.startingMs - from.startingMs,
        },
        containers,
      );
    }
  }

  /** Per service, up to here. */
  private sumsAt(atMs: number): (service: string) => Counted {
    const hour = hourOf(atMs);
    const { sums } = this.minutes.at(atMs);
    return (service) => {
      const whole = this.hours.sumsAt(service, hour);
      const part = sums.get(service);
      if (!part) return whole;
      return {
        upMs: whole.upMs + part.upMs,
        inferredUpMs: whole.inferredUpMs + part.inferredUpMs,
        downMs: whole.downMs + part.downMs,
        startingMs: whole.startingMs + part.startingMs,
      };
    };
  }

  allUpMs(names: readonly string[], { fromMs, toMs }: Span): number {
    if (names.length === 0) return 0;
    const roster = rosterOf(names);
    return this.allUpAt(roster, toMs) - this.allUpAt(roster, fromMs);
  }

  private allUpAt(roster: string, atMs: number): number {
    return this.hours.allUpAt(roster, hourOf(atMs)) + (this.minutes.at(atMs).rosters.get(roster) ?? 0);
  }

  /** Only an archived hour can be in doubt, and such are read as wholes. */
  hasDoubt({ fromMs, toMs }: Span): boolean {
    if (!this.doubt) return false;
    const sql = 'SELECT 1 AS found FROM hours_in_doubt WHERE hour_ms >= ? AND hour_ms < ? LIMIT 1';
    return this.database.prepare(sql).get(fromMs, toMs) !== undefined;
  }
}
