import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import Database from 'libsql';

import type { FactLogger, Hex } from '#platform';

import type { Segment } from '../segments/service-state.js';
import type { Span } from '../segments/window-sums.js';
import { JournalLockedError, JournalUnwritableError } from './journal-errors.js';
import { JournalLock } from './journal-lock.js';
import { watermarkRows } from './journal-rows.js';
import { journalSchema } from './journal-schema.js';
import { minuteMs } from './minute-chain.js';
import { MinuteTable } from './minute-table.js';
import { parseResumeState, nothingToResume, type ResumeState } from './resume-state.js';
import { SegmentTable } from './segment-table.js';
import { measureWindow, type WindowMeasure } from './window-measure.js';

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
  /** The services of a window, in order, given all that the journal knows. */
  order: (known: Iterable<string>) => string[];
  isExact: (service: string) => boolean;
  log: FactLogger;
}

/** The worker's memory: segments and sealed minutes on disk. What lies before the watermark never changes. */
export class Journal {
  private readonly segments: SegmentTable;
  private readonly minutes: MinuteTable;
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
    database.exec(journalSchema);
    this.segments = new SegmentTable(database);
    this.minutes = new MinuteTable(database);
    const row = watermarkRows.parse(database.prepare('SELECT * FROM watermark').all())[0] ?? this.begin();
    this.sinceMs = row.since_ms;
    this.watermark = row.watermark_ms;
    this.left = { services: this.segments.openServices(), resume: parseResumeState(row.resume) };
    this.segments.loadServices();
    this.segments.closeAll(row.watermark_ms);
    this.minutes.load();
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

  health(): { writable: boolean; lastError: string | null; sealedUntilMs: number | null } {
    const { lastError } = this;
    return { writable: lastError === null, lastError, sealedUntilMs: this.minutes.sealedUntilMs };
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
      const known = new Set([...this.segments.services, ...staged.keys()]);
      const sealed = this.minutes.seal(this.sinceMs, untilMs, (span) =>
        this.measureUntil(span, untilMs, known),
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

  /** All that is known of a window before the watermark. */
  measure(window: Span): WindowMeasure {
    return this.measureUntil(window, this.watermark, this.segments.services);
  }

  private measureUntil(window: Span, watermarkMs: number, known: Iterable<string>): WindowMeasure {
    const { order, isExact } = this.options;
    const services = order(known).map((name) => ({
      name,
      segments: this.segments.within(name, window, watermarkMs),
    }));
    return measureWindow(
      services.filter(({ name, segments }) => isExact(name) || segments.length > 0),
      window,
    );
  }

  /** Hash of the last minute that ended at or before this time; zero when there is none. */
  minuteHash(untilMs: number): Hex {
    return this.minutes.hashAt(untilMs);
  }

  close(): void {
    this.database.close();
    this.lock.release();
  }
}
