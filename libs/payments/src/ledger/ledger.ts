import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { type Sql, selectRow, sqlBigint } from '../books/sql-rows.js';
import { type NewJournalEntry, InvalidEntryError, transferAmount } from './journal-entry.js';

export interface PostedEntry {
  journalId: bigint;
  /** False when the key had been posted before with the same content: nothing was written. */
  created: boolean;
}

const postedRow = z.object({ entry_id: sqlBigint, created: z.boolean() });
const balanceRow = z.object({ balance: sqlBigint });

/** Partitions are made twelve months ahead: looking four times a day is plenty. */
const PREPARE_EVERY_MS = 6 * 3_600_000;

/** The only writer of the ledger. docs/ledger.md has the chart of accounts and the invariants. */
@Injectable()
export class Ledger {
  private preparedAtMs = -Infinity;

  /** Makes the partitions of the months to come; does nothing when it did so in the last hours. */
  async prepareAhead(sql: Sql): Promise<void> {
    if (performance.now() - this.preparedAtMs < PREPARE_EVERY_MS) return;
    await sql.query('select ledger.create_partitions()');
    this.preparedAtMs = performance.now();
  }

  /**
   * Posts a journal entry within the caller's READ COMMITTED transaction, making accounts that do not exist yet.
   * The same key with the same content again changes nothing; with other content PostgreSQL refuses it.
   * @throws InvalidEntryError before anything reaches the database
   */
  async post(tx: EntityManager, entry: NewJournalEntry): Promise<PostedEntry> {
    if (entry.transfers.length === 0)
      throw new InvalidEntryError('a journal entry has at least one transfer');
    const row = await selectRow(
      tx,
      postedRow,
      `select * from ledger.post($1, $2, $3, string_to_array($4, ' '), string_to_array($5, ' '),
                                 string_to_array($6, ' ')::bigint[], $7::jsonb, $8)`,
      [
        entry.kind,
        entry.idempotencyKey,
        entry.effectiveAt,
        // Lists of ten thousand are read faster than arrays. No code holds a space: one that did would be one code too many.
        entry.transfers.map(({ debit }) => debit).join(' '),
        entry.transfers.map(({ credit }) => credit).join(' '),
        entry.transfers.map((transfer) => transferAmount(transfer).toString()).join(' '),
        JSON.stringify(entry.meta ?? {}),
        entry.reversesId?.toString() ?? null,
      ],
    );
    if (!row) throw new Error('ledger.post returned nothing');
    return { journalId: row.entry_id, created: row.created };
  }

  /** Balance of an account on its normal side; zero for an account that nothing was posted to. */
  async balance(sql: Sql, accountCode: string): Promise<bigint> {
    const row = await selectRow(
      sql,
      balanceRow,
      `select a.normal * (b.debits - b.credits) as balance
         from ledger.account a join ledger.account_balance b on b.account_id = a.id where a.code = $1`,
      [accountCode],
    );
    return row?.balance ?? 0n;
  }

  /**
   * Locks an account's balance until the transaction ends and returns it, so that what is decided from it stays true.
   * Lock several accounts in the order of their codes.
   */
  async lockBalance(tx: EntityManager, accountCode: string): Promise<bigint> {
    const row = await selectRow(tx, balanceRow, 'select ledger.lock_balance($1) as balance', [accountCode]);
    if (!row) throw new Error(`the account ${accountCode} has no balance`);
    return row.balance;
  }
}
