import type Database from 'libsql';

import type { Hex } from '#platform';

import type { Span } from '../segments/window-sums.js';
import { hashRows } from './journal-rows.js';
import { canonicalMinute, hashMinute, minuteMs, noHash } from './minute-chain.js';
import type { WindowMeasure } from './window-measure.js';

interface ChainHead {
  /** End of the last sealed minute; null before the first. */
  sealedUntilMs: number | null;
  hash: Hex;
}

/** The chain of sealed minutes, without a gap from the minute of the first observation on. */
export class MinuteTable {
  private head: ChainHead = { sealedUntilMs: null, hash: noHash };

  constructor(private readonly database: Database.Database) {}

  get sealedUntilMs(): number | null {
    return this.head.sealedUntilMs;
  }

  load(): void {
    const rows = this.database
      .prepare('SELECT minute_ms, hash FROM minutes ORDER BY minute_ms DESC LIMIT 1')
      .all();
    const [last] = hashRows.parse(rows);
    if (last) this.head = { sealedUntilMs: last.minute_ms + minuteMs, hash: last.hash };
  }

  /** Seals every minute that ends at or before `untilMs`; call within a transaction, and `keep` after it. */
  seal(sinceMs: number, untilMs: number, measure: (span: Span) => WindowMeasure): ChainHead {
    const insert = this.database.prepare('INSERT INTO minutes VALUES (?, ?, ?, ?)');
    let { hash } = this.head;
    let fromMs = this.head.sealedUntilMs ?? Math.floor(sinceMs / minuteMs) * minuteMs;
    let { sealedUntilMs } = this.head;
    for (; fromMs + minuteMs <= untilMs; fromMs += minuteMs) {
      const content = canonicalMinute({ minuteMs: fromMs, ...measure({ fromMs, toMs: fromMs + minuteMs }) });
      const next = hashMinute(hash, content);
      insert.run(fromMs, content, hash, next);
      hash = next;
      sealedUntilMs = fromMs + minuteMs;
    }
    return { sealedUntilMs, hash };
  }

  keep(head: ChainHead): void {
    this.head = head;
  }

  hashAt(untilMs: number): Hex {
    const rows = this.database
      .prepare('SELECT minute_ms, hash FROM minutes WHERE minute_ms <= ? ORDER BY minute_ms DESC LIMIT 1')
      .all(untilMs - minuteMs);
    return hashRows.parse(rows)[0]?.hash ?? noHash;
  }
}
