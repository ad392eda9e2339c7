import { Injectable } from '@nestjs/common';
import { z } from 'zod';

import { errorCode } from '#platform';
import { Database } from '#platform/database';

import { selectRow, sqlBigint, sqlTime } from '../books/sql-rows.js';

/** One batch of rows of the books, chained to the one before. */
export interface Seal {
  sequence: bigint;
  sealedAt: Date;
  rows: bigint;
  /** Hex. Whoever notes the newest one elsewhere can prove later that nothing up to it was changed. */
  hash: string;
  /** Rows are left for the next call. */
  more: boolean;
}

/** Hashing this many rows of each table takes about a second. */
const ROWS_PER_TABLE = 50_000;

const LOCK_NOT_AVAILABLE = '55P03';

const sealRow = z.object({
  sequence: sqlBigint,
  sealed_at: sqlTime,
  row_count: sqlBigint,
  hash: z.instanceof(Buffer),
  more: z.boolean(),
});

/** Seals what was written since the last seal. Any number of processes may do so at once. */
@Injectable()
export class Sealing {
  constructor(private readonly database: Database) {}

  /** Null when there is nothing new. Bounded: call it again while there is `more`. */
  async sealNext({ rowsPerTable = ROWS_PER_TABLE } = {}): Promise<Seal | null> {
    await this.noteCutoffs();
    const row = await this.database.transaction((tx) =>
      selectRow(tx, sealRow, 'select * from ledger.seal_next($1) where sequence is not null', [rowsPerTable]),
    );
    if (!row) return null;
    return {
      sequence: row.sequence,
      sealedAt: row.sealed_at,
      rows: row.row_count,
      hash: row.hash.toString('hex'),
      more: row.more,
    };
  }

  /** Its own transaction: writers wait no longer than for each other. */
  private async noteCutoffs(): Promise<void> {
    try {
      await this.database.transaction((tx) => tx.query('select ledger.note_cutoffs()'));
    } catch (error) {
      // A writer takes its time. Up to the cutoffs noted before, rows can be sealed all the same.
      if (errorCode(error) !== LOCK_NOT_AVAILABLE) throw error;
    }
  }
}
