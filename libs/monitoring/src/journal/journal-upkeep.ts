import type Database from 'libsql';

import type { FactLogger } from '#platform';

import { type HourArchive, hourMs, hourOf } from './hour-archive.js';
import type { HourTable } from './hour-table.js';
import type { MinuteTable } from './minute-table.js';
import type { SegmentTable } from './segment-table.js';
import type { WindowReader } from './window-reader.js';

export interface UpkeepParts {
  database: Database.Database;
  segments: SegmentTable;
  minutes: MinuteTable;
  hours: HourTable;
  archive: HourArchive;
  reader: WindowReader;
  /** Start of the first minute. */
  beginMs: number;
  /** How far back segments are kept. */
  retentionMs: number;
  watermarkMs: () => number;
  log: FactLogger;
}

/** Between two steps of a longer work, so that requests and rounds go on in between. */
const breathMs = 20;
const idleMs = 10_000;

/**
 * The work on the journal that can wait: sums of hours, and letting go what is older than retention. In small steps,
 * each one transaction, so that it never holds up a round and may end at any moment. A step that fails changes nothing
 * and is tried again.
 */
export class JournalUpkeep {
  private timer: NodeJS.Timeout | undefined;
  private failing = false;

  constructor(private readonly parts: UpkeepParts) {}

  start(): void {
    this.wait(breathMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private wait(ms: number) {
    this.timer = setTimeout(() => {
      this.turn();
    }, ms).unref();
  }

  private turn() {
    let more = false;
    try {
      more = this.step();
      if (this.failing) this.parts.log.info('upkeep of the journal goes on');
      this.failing = false;
    } catch (error) {
      // Said once: a full disk is the rounds' business, and they say so as long as it lasts.
      if (!this.failing) this.parts.log.warn('upkeep of the journal failed', { error: String(error) });
      this.failing = true;
    }
    this.wait(more ? breathMs : idleMs);
  }

  /** @returns whether there is more to do */
  step(): boolean {
    return this.addHour() || this.archiveHour() || this.removeSegments();
  }

  private addHour(): boolean {
    const { minutes, hours, reader, beginMs, watermarkMs } = this.parts;
    const fromMs = hours.untilMs ?? hourOf(beginMs);
    if (fromMs + hourMs > (minutes.sealedUntilMs ?? beginMs)) return false;
    const tally = reader.hour(fromMs, watermarkMs());
    this.atOnce(() => {
      hours.add(fromMs, tally);
    });
    hours.keep(fromMs, tally);
    return true;
  }

  /** The oldest hour that is not archived, once all of it is older than retention. */
  private archiveHour(): boolean {
    const { minutes, archive, beginMs, retentionMs, watermarkMs } = this.parts;
    const fromMs = Math.max(archive.untilMs, hourOf(beginMs));
    const span = { fromMs, toMs: fromMs + hourMs };
    if (span.toMs > watermarkMs() - retentionMs) return false;
    this.atOnce(() => {
      archive.add(fromMs, minutes.sealed(span));
      minutes.remove(span);
    });
    archive.load();
    return true;
  }

  private removeSegments(): boolean {
    const { segments, archive } = this.parts;
    return archive.untilMs > 0 && segments.removeSome(archive.untilMs);
  }

  private atOnce(work: () => void) {
    const { database } = this.parts;
    database.exec('BEGIN IMMEDIATE');
    try {
      work();
      database.exec('COMMIT');
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}
