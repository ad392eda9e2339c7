import type Database from 'libsql';

import type { FactLogger } from '#platform';

import { type HourArchive, hourMs, hourOf } from './hour-archive.js';
import { minuteMs } from './minute-chain.js';
import type { MinuteTable } from './minute-table.js';
import type { RunningSums } from './running-sums.js';
import type { SegmentTable } from './segment-table.js';
import type { WindowReader } from './window-reader.js';

export interface UpkeepParts {
  database: Database.Database;
  segments: SegmentTable;
  minutes: MinuteTable;
  sums: RunningSums;
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

/** Of the hour under way so much is added at once, so that sums cost the disk little. */
const leastAddedMs = 10 * minuteMs;

/**
 * The work on the journal that can wait: running sums, and letting go what is older than retention. In small steps,
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
    return this.addSums() || this.archiveHour() || this.removeSegments();
  }

  private addSums(): boolean {
    const { minutes, sums, archive, reader, beginMs, watermarkMs } = this.parts;
    const addedMs = sums.untilMs ?? beginMs;
    const fromMs = hourOf(addedMs);
    const endMs = fromMs + hourMs;
    const toMs = Math.min(endMs, minutes.sealedUntilMs ?? beginMs);
    if (toMs < endMs && toMs < addedMs + leastAddedMs) return false;
    const span = { fromMs, toMs };
    const added = this.atOnce(() =>
      sums.add(span, reader.chosenMinutes(span, watermarkMs()), archive.untilMs),
    );
    sums.keep(added);
    return true;
  }

  /** The oldest hour that is not archived, once all of it is older than retention. */
  private archiveHour(): boolean {
    const { minutes, sums, archive, beginMs, retentionMs, watermarkMs } = this.parts;
    const fromMs = Math.max(archive.untilMs, hourOf(beginMs));
    const span = { fromMs, toMs: fromMs + hourMs };
    if (span.toMs > watermarkMs() - retentionMs) return false;
    this.atOnce(() => {
      archive.add(fromMs, minutes.sealed(span));
      minutes.remove(span);
      sums.removeMinutes(span);
    });
    archive.load();
    return true;
  }

  private removeSegments(): boolean {
    const { segments, archive } = this.parts;
    return archive.untilMs > 0 && segments.removeSome(archive.untilMs);
  }

  private atOnce<Result>(work: () => Result): Result {
    const { database } = this.parts;
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}
