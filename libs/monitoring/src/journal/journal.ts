import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import Database from 'libsql';

import type { FactLogger, Hex } from '#platform';

import type { ServiceSelection } from '../containers/service-selection.js';
import type { Segment } from '../segments/service-state.js';
import type { Span } from '../segments/window-sums.js';
import { HourArchive, hourMs, hourOf } from './hour-archive.js';
import { JournalLockedError, JournalUnwritableError } from './journal-errors.js';
import { JournalLock } from './journal-lock.js';
import { watermarkRows } from './journal-rows.js';
import { upgradeSchema } from './journal-schema.js';
import { JournalUpkeep } from './journal-upkeep.js';
import { minuteMs, type SealedMinute } from './minute-chain.js';
import { MinuteTable } from './minute-table.js';
import { parseResumeState, nothingToResume, type ResumeState } from './resume-state.js';
import { RunningSums } from './running-sums.js';
import { SegmentTable } from './segment-table.js';
import type { WindowMeasure } from './window-measure.js';
import { WindowReader } from './window-reader.js';

/** Most that one transaction seals: a day, so that the first minutes after a long absence do not block for long. */
const maxStepMs = 1_440 * minuteMs;

export interface Recording {
  untilMs: number;
  /** Segments per service, each following the last one recorded, none beyond `untilMs`. */
  segments: ReadonlyMap<string, readonly Segment[]>;
  /** Services that are no longer watched. */
  ended: readonly string[];
  resume: ResumeState;
}

export interface JournalOptions {
  directory: string;
  /** Where a new journal begins, Unix milliseconds. */
  startMs: number;
  selection: ServiceSelection;
  /** How far back from the watermark segments are kept; older minutes are kept as wholes. */
  retentionMs: number;
  log: FactLogger;
}

export interface JournalHealth {
  writable: boolean;
  lastError: string | null;
  /** End of the last sealed minute. */
  sealedUntilMs: number | null;
  /** Since when any window can be measured; of older ones only those of whole minutes; null before it is open. */
  keptSinceMs: number | null;
}

/** The worker's memory: segments and sealed minutes on disk. What lies before the watermark never changes. */
export class Journal {
  private readonly segments: SegmentTable;
  private readonly minutes: MinuteTable;
  private readonly archive: HourArchive;
  private readonly reader: WindowReader;
  readonly upkeep: JournalUpkeep;
  private watermark: number;
  private readonly sinceMs: number;
  private lastError: string | null = null;
  /** What an earlier run left, for those who may continue it. */
  readonly left: { services: string[]; resume: ResumeState };

  private constructor(
    private readonly database: Database.Database,
    private readonly lock: JournalLock,
    private readonly options: JournalOptions,
  ) {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    upgradeSchema(database);
    const archive = new HourArchive(database);
    const segments = new SegmentTable(database);
    const minutes = new MinuteTable(database, archive);
    const sums = new RunningSums(database);
    const row = watermarkRows.parse(database.prepare('SELECT * FROM watermark').all())[0] ?? this.begin();
    this.sinceMs = row.since_ms;
    this.watermark = row.watermark_ms;
    this.left = { services: segments.openServices(), resume: parseResumeState(row.resume) };
    segments.closeAll(row.watermark_ms);
    segments.load();
    archive.load();
    minutes.load();
    const { selection, retentionMs, log } = options;
    sums.load(selection.key);
    const { beginMs } = this;
    const parts = { segments, minutes, sums, archive, selection, beginMs };
    this.segments = segments;
    this.minutes = minutes;
    this.archive = archive;
    this.reader = new WindowReader(parts);
    const watermarkMs = () => this.watermark;
    this.upkeep = new JournalUpkeep({
      ...parts,
      database,
      reader: this.reader,
      retentionMs,
      watermarkMs,
      log,
    });
  }

  /** @throws JournalLockedError, JournalUnwritableError */
  static open(options: JournalOptions): Journal {
    const { directory } = options;
    let lock: JournalLock | undefined;
    let database: Database.Database | undefined;
    try {
      mkdirSync(directory, { recursive: true });
      lock = new JournalLock(directory);
      // No waiting for a lock: it would stop the event loop, and nobody else has any business writing here.
      database = new Database(join(directory, 'journal.db'), { timeout: 0 });
      return new Journal(database, lock, options);
    } catch (error) {
      database?.close();
      lock?.release();
      throw error instanceof JournalLockedError ? error : new JournalUnwritableError(directory, error);
    }
  }

  /** A new journal: what lies before is unknown for good, so the watermark is now. */
  private begin() {
    const { startMs } = this.options;
    const resume = JSON.stringify(nothingToResume);
    this.database.prepare('INSERT INTO watermark VALUES (1, ?, ?, ?)').run(startMs, startMs, resume);
    return { since_ms: startMs, watermark_ms: startMs, resume };
  }

  /** Nothing before this changes any more. */
  get watermarkMs(): number {
    return this.watermark;
  }

  /** Start of the first minute. */
  get beginMs(): number {
    return Math.floor(this.sinceMs / minuteMs) * minuteMs;
  }

  health(): JournalHealth {
    const { lastError, archive, minutes } = this;
    const keptSinceMs = Math.max(this.sinceMs, archive.untilMs);
    return { writable: lastError === null, lastError, sealedUntilMs: minutes.sealedUntilMs, keptSinceMs };
  }

  /** The latest time that one `record` may reach. */
  furthestStepMs(toMs: number): number {
    return Math.min(toMs, this.watermark + maxStepMs);
  }

  /**
   * Records one step, all or nothing, and seals the minutes that it completes.
   * @throws when the disk does not take it; then nothing has changed
   */
  record({ untilMs, segments, ended, resume }: Recording): void {
    const staged = new Map<string, Segment | null>();
    try {
      this.database.exec('BEGIN IMMEDIATE');
      for (const [service, pieces] of segments) this.segments.append(service, pieces, staged);
      for (const service of ended) this.segments.end(service, staged);
      this.database
        .prepare('UPDATE watermark SET watermark_ms = ?, resume = ?')
        .run(untilMs, JSON.stringify(resume));
      const sealed = this.minutes.seal(this.sinceMs, untilMs, (span) =>
        this.reader.toSeal(span, untilMs, staged.keys()),
      );
      this.database.exec('COMMIT');
      this.segments.keep(staged);
      this.minutes.keep(sealed);
    } catch (error) {
      this.abandon(error);
      throw error;
    }
    if (this.lastError !== null) this.options.log.info('journal could be written again');
    this.lastError = null;
    this.watermark = untilMs;
  }

  private abandon(error: unknown) {
    try {
      if (this.database.inTransaction) this.database.exec('ROLLBACK');
    } catch {
      // A transaction that cannot be rolled back has already been.
    }
    this.lastError = error instanceof Error ? error.message : String(error);
    this.options.log.error('journal could not be written', error);
  }

  /**
   * All that is known of a window before the watermark.
   * @throws CompactedError
   */
  measure(window: Span): WindowMeasure {
    return this.reader.measure(window, this.watermark);
  }

  /** Hash of the last minute that ended at or before this time; zero when there is none. */
  minuteHash(untilMs: number): Hex {
    return this.minutes.hashAt(untilMs);
  }

  /** Sealed minutes in their order, an hour at a time. */
  *sealedMinutes({ fromMs, toMs }: Span): Generator<SealedMinute[]> {
    let atMs = Math.max(fromMs, hourOf(this.sinceMs));
    while (atMs < toMs) {
      const endMs = Math.min(toMs, hourOf(atMs) + hourMs);
      yield this.minutes.sealed({ fromMs: atMs, toMs: endMs });
      atMs = endMs;
    }
  }

  close(): void {
    this.upkeep.stop();
    this.database.close();
    this.lock.release();
  }
}
