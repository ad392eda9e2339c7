import type Database from 'libsql';
import { z } from 'zod';

import type { Hex } from '#platform';

import type { Span } from '../segments/window-sums.js';
import type { HourArchive } from './hour-archive.js';
import { hash, hashRows } from './journal-rows.js';
import {
  canonicalMinute,
  hashMinute,
  type Minute,
  minuteMs,
  type MinuteOfService,
  noHash,
  type SealedMinute,
} from './minute-chain.js';
import { type OwnMinute, readOwnMinutes } from './own-minutes.js';
import { jsonOf } from './raw-rows.js';
import type { WindowMeasure } from './window-measure.js';

interface ChainHead {
  /** End of the last sealed minute; null before the first. */
  sealedUntilMs: number | null;
  hash: Hex;
}

const sealedRows = z.array(
  z.object({ content: z.string(), previous_hash: hash, hash }).transform((row): SealedMinute => ({
    content: row.content,
    previousHash: row.previous_hash,
    hash: row.hash,
  })),
);

const toMinute = (wire: OwnMinute): Minute => ({
  minuteMs: Date.parse(wire.minute),
  services: wire.services.map((service): MinuteOfService => ({
    name: service.name,
    containerIds: service.container_ids,
    upMs: service.up_ms,
    inferredUpMs: service.inferred_up_ms,
    downMs: service.down_ms,
    startingMs: service.starting_ms,
    unknownMs: service.unknown_ms,
  })),
  allUpMs: wire.all_up_ms,
});

/** The chain of sealed minutes, without a gap from the minute of the first observation on; the oldest are archived. */
export class MinuteTable {
  private head: ChainHead = { sealedUntilMs: null, hash: noHash };
  private readonly insert;
  private readonly selectContents;
  private readonly selectHash;
  private readonly selectSealed;

  constructor(
    private readonly database: Database.Database,
    private readonly archive: HourArchive,
  ) {
    this.insert = database.prepare('INSERT INTO minutes VALUES (?, ?, ?, ?)');
    this.selectContents = database
      .prepare(
        // Not ORDER BY within group_concat: it takes twice as long. `within` puts them into their order.
        "SELECT '[' || group_concat(content, ',') || ']' FROM minutes WHERE minute_ms >= ? AND minute_ms < ?",
      )
      .raw();
    this.selectHash = database.prepare(
      'SELECT minute_ms, hash FROM minutes WHERE minute_ms <= ? ORDER BY minute_ms DESC LIMIT 1',
    );
    this.selectSealed = database.prepare(
      'SELECT content, previous_hash, hash FROM minutes WHERE minute_ms >= ? AND minute_ms < ? ORDER BY minute_ms',
    );
  }

  get sealedUntilMs(): number | null {
    return this.head.sealedUntilMs;
  }

  load(): void {
    const [last] = hashRows.parse(this.selectHash.all(Number.MAX_SAFE_INTEGER));
    if (last) this.head = { sealedUntilMs: last.minute_ms + minuteMs, hash: last.hash };
  }

  /** Seals every minute that ends at or before `untilMs`; call within a transaction, and `keep` after it. */
  seal(sinceMs: number, untilMs: number, measure: (span: Span) => WindowMeasure): ChainHead {
    let { hash } = this.head;
    let fromMs = this.head.sealedUntilMs ?? Math.floor(sinceMs / minuteMs) * minuteMs;
    let { sealedUntilMs } = this.head;
    for (; fromMs + minuteMs <= untilMs; fromMs += minuteMs) {
      const content = canonicalMinute({ minuteMs: fromMs, ...measure({ fromMs, toMs: fromMs + minuteMs }) });
      const next = hashMinute(hash, content);
      this.insert.run(fromMs, content, hash, next);
      hash = next;
      sealedUntilMs = fromMs + minuteMs;
    }
    return { sealedUntilMs, hash };
  }

  keep(head: ChainHead): void {
    this.head = head;
  }

  /** Hash of the last minute that ended at or before this time; zero when there is none. */
  hashAt(untilMs: number): Hex {
    const rows = this.selectHash.all(untilMs - minuteMs);
    return hashRows.parse(rows)[0]?.hash ?? this.archive.hashAt(untilMs) ?? noHash;
  }

  /** The minutes that begin within a span of at most an hour, which lies in one hour. */
  within({ fromMs, toMs }: Span): Minute[] {
    return readOwnMinutes(this.contents({ fromMs, toMs }))
      .map(toMinute)
      .sort((a, b) => a.minuteMs - b.minuteMs);
  }

  private contents(span: Span): unknown {
    if (span.fromMs < this.archive.untilMs) return this.archive.contents(span).map(parsed);
    return jsonOf(this.selectContents.get(span.fromMs, span.toMs), 'an hour of minutes') ?? [];
  }

  /** The same minutes as they were sealed. */
  sealed({ fromMs, toMs }: Span): SealedMinute[] {
    if (fromMs < this.archive.untilMs) return this.archive.sealed({ fromMs, toMs });
    return sealedRows.parse(this.selectSealed.all(fromMs, toMs));
  }

  /** After they were archived. */
  remove({ fromMs, toMs }: Span): void {
    this.database.prepare('DELETE FROM minutes WHERE minute_ms >= ? AND minute_ms < ?').run(fromMs, toMs);
  }
}

const parsed = (json: string): unknown => JSON.parse(json);
