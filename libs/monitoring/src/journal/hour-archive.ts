import { deflateRawSync, inflateRawSync } from 'node:zlib';

import type Database from 'libsql';
import { z } from 'zod';

import type { Hex } from '#platform';

import type { Span } from '../segments/window-sums.js';
import { epochMs, hash } from './journal-rows.js';
import { hashMinute, minuteMs, type SealedMinute } from './minute-chain.js';

export const hourMs = 3_600_000;

export const hourOf = (atMs: number): number => Math.floor(atMs / hourMs) * hourMs;

const hourRows = z.array(z.object({ hour_ms: epochMs, previous_hash: hash, minutes: z.string() }));
const lastRows = z.array(z.object({ hour_ms: epochMs.nullable() }));

/** Far above what an hour of minutes takes; a bound all the same. */
const longestHourBytes = 256 * 1024 * 1024;

// Text and not a blob: the driver cannot bind one.
const packed = (contents: readonly string[]) => deflateRawSync(contents.join('\n')).toString('base64');
const unpacked = (text: string) =>
  inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: longestHourBytes })
    .toString('utf8')
    .split('\n');

/**
 * The sealed minutes of hours whose details retention has let go. The texts are all there, and with them and the hash
 * before the first every hash can be made again: the chain stays verifiable from its beginning.
 */
export class HourArchive {
  private until = -Infinity;
  private readonly insert;
  private readonly select;

  constructor(private readonly database: Database.Database) {
    this.insert = database.prepare('INSERT INTO archived_hours VALUES (?, ?, ?, ?)');
    this.select = database.prepare(
      'SELECT hour_ms, previous_hash, minutes FROM archived_hours WHERE hour_ms <= ? ORDER BY hour_ms DESC LIMIT 1',
    );
  }

  load(): void {
    const rows = this.database.prepare('SELECT max(hour_ms) AS hour_ms FROM archived_hours').all();
    const lastMs = lastRows.parse(rows)[0]?.hour_ms ?? null;
    this.until = lastMs === null ? -Infinity : lastMs + hourMs;
  }

  /** Before this there are no segments any more, and whole minutes only here; -Infinity when nothing was archived. */
  get untilMs(): number {
    return this.until;
  }

  /** Call within a transaction, and `load` after it. */
  add(hour: number, minutes: readonly SealedMinute[]): void {
    const [first] = minutes;
    const last = minutes.at(-1);
    if (!first || !last) return;
    this.insert.run(hour, first.previousHash, last.hash, packed(minutes.map(({ content }) => content)));
  }

  /** The texts of the minutes that begin within a span of one hour. */
  contents(span: Span): string[] {
    return this.sealed(span).map(({ content }) => content);
  }

  sealed({ fromMs, toMs }: Span): SealedMinute[] {
    const [row] = hourRows.parse(this.select.all(fromMs));
    if (row?.hour_ms !== hourOf(fromMs)) return [];
    const sealed: SealedMinute[] = [];
    let previousHash: Hex = row.previous_hash;
    const contents = unpacked(row.minutes);
    // The journal may have begun within the hour; no minute is missing at its end.
    let minute = row.hour_ms + hourMs - contents.length * minuteMs;
    for (const content of contents) {
      const next = hashMinute(previousHash, content);
      if (minute >= fromMs && minute < toMs) sealed.push({ content, previousHash, hash: next });
      previousHash = next;
      minute += minuteMs;
    }
    return sealed;
  }

  hashAt(untilMs: number): Hex | undefined {
    const lastMs = Math.floor(untilMs / minuteMs) * minuteMs - minuteMs;
    const [row] = hourRows.parse(this.select.all(lastMs));
    if (!row) return undefined;
    const fromMs = row.hour_ms;
    return this.sealed({ fromMs, toMs: Math.min(lastMs + minuteMs, fromMs + hourMs) }).at(-1)?.hash;
  }
}
