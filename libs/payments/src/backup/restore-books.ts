import { isDeepStrictEqual } from 'node:util';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';

import { migrationLock } from '#platform/database';

import type { Sql } from '../books/sql-rows.js';
import { readPause, setPause } from '../payouts/settlement-control.js';
import { RestoreFailedError } from './backup-errors.js';
import type { BackupFile } from './backup-file.js';
import { type BackupHeader, copyLine, qualified } from './backup-format.js';
import type { ReportProgress } from './backup-progress.js';
import { booksTables } from './books-catalogue.js';
import { type BooksConnection, openConnection, settle } from './books-connection.js';
import { type BooksSummary, summariseBooks } from './books-summary.js';
import { countRows } from './count-rows.js';
import { refuseUnlessEmpty } from './empty-database.js';
import { recreatePartitions } from './recreate-partitions.js';
import { applyMigrations, applyNewer, migrationsOf } from './restore-migrations.js';
import { silenceTriggers } from './silence-triggers.js';

export interface RestoreOptions {
  /** The folder of this version's migrations. */
  migrations: URL;
  onProgress?: ReportProgress;
  signal?: AbortSignal;
}

export interface RestoredBooks {
  books: BooksSummary;
  /** Why settlement is paused. */
  pauseReason: string;
  /** Applied after the books had been restored. */
  newerMigrations: string[];
}

/**
 * Restores books into an empty database: one transaction with the backup's own migrations, its rows and the pause of the
 * settlement, so that a crash leaves nothing behind. Then the migrations that came later.
 * @throws BackupRefusedError, DatabaseNotEmptyError, RestoreFailedError
 */
export async function restoreBooks(
  url: string,
  backup: BackupFile,
  { migrations, onProgress = () => undefined, signal }: RestoreOptions,
): Promise<RestoredBooks> {
  const own = await migrationsOf(backup.header, migrations);
  const connection = await openConnection(url);
  const { sql } = connection;
  try {
    await sql.query('select pg_advisory_lock($1)', [migrationLock]);
    await refuseUnlessEmpty(sql);
    await sql.query('begin');
    await applyMigrations(sql, own);
    await settle(sql); // a migration may have set something for its transaction, which is this one
    await load(connection, backup, onProgress, signal);
    const books = await check(sql, backup);
    const pauseReason = await pauseSettlement(sql, backup);
    await sql.query('commit');
    await sql.query('select pg_advisory_unlock($1)', [migrationLock]);
    return { books, pauseReason, newerMigrations: await bringUpToDate(url, migrations) };
  } finally {
    await connection.close();
  }
}

async function bringUpToDate(url: string, migrations: URL): Promise<string[]> {
  try {
    return await applyNewer(url, migrations);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RestoreFailedError(
      `The books are restored and paused, but not brought up to this version; a distributor tries again: ${reason}`,
      { cause: error },
    );
  }
}

async function load(
  { client, sql }: BooksConnection,
  backup: BackupFile,
  onProgress: ReportProgress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { tables, partitions, sequences } = backup.header;
  await refuseOtherTables(sql, tables);
  await recreatePartitions(sql, partitions);
  const restoreTriggers = await silenceTriggers(sql);
  // What the migrations have seeded is in the backup, as it had become.
  for (const table of tables.toReversed()) await sql.query(`delete from ${qualified(table)}`);

  const totalRows = tables.reduce((sum, { rows }) => sum + rows, 0);
  const { reader, isUnchanged } = await backup.content();
  let [rows, bytes] = [0, 0];
  for (const table of tables) {
    const line = await reader.line();
    if (line !== copyLine(table)) throw new RestoreFailedError(`${table.name} is not where the header says`);
    const into = client.query(copyFrom(line));
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of reader.rows()) {
        [rows, bytes] = [rows + countRows(chunk), bytes + chunk.length];
        onProgress({ table: table.name, rows, totalRows, bytes });
        yield chunk;
      }
    };
    await pipeline(counted, into, { signal });
    if (into.rowCount !== table.rows) {
      throw new RestoreFailedError(`${table.name} has ${into.rowCount} rows, the header says ${table.rows}`);
    }
  }
  if ((await reader.line()) !== undefined || !isUnchanged()) {
    throw new RestoreFailedError('the file changed while it was read');
  }
  for (const sequence of sequences) {
    await sql.query('select setval($1::regclass, $2, $3)', [
      qualified(sequence),
      sequence.last_value,
      sequence.is_called,
    ]);
  }
  await sql.query('set constraints all immediate');
  await restoreTriggers();
  await sql.query(`analyze ${tables.map(qualified).join(', ')}`);
}

async function refuseOtherTables(sql: Sql, expected: BackupHeader['tables']): Promise<void> {
  const made = (await booksTables(sql)).map(copyLine);
  const wanted = expected.map(copyLine);
  const missing = wanted.find((line) => !made.includes(line)) ?? made.find((line) => !wanted.includes(line));
  if (missing !== undefined) {
    throw new RestoreFailedError(
      `The migrations of the backup do not make what the backup holds: ${missing}`,
    );
  }
}

/** The loaded books against what the header says of them, balances and sums included. */
async function check(sql: Sql, { header }: BackupFile): Promise<BooksSummary> {
  const books = await summariseBooks(sql);
  if (!books || !isDeepStrictEqual(books, header.books)) {
    throw new RestoreFailedError(
      `The loaded books are not those that were backed up: ${JSON.stringify(books)} instead of ${JSON.stringify(header.books)}`,
    );
  }
  return books;
}

async function pauseSettlement(sql: Sql, backup: BackupFile): Promise<string> {
  const before = await readPause(sql);
  const reason =
    `restored from the backup of ${backup.header.taken_at}; check GET /reconciliation, then resume` +
    (before === null ? '' : ` (it had been paused before: ${before.reason})`);
  await setPause(sql, { reason, actor: 'restore' });
  // The chain has moved on: after a person's resume each sender goes on with the nonce at which the chain then stands.
  await sql.query(`update payments.lane set status = 'paused', pause_reason = $1 where status <> 'paused'`, [
    reason,
  ]);
  const after = { taken_at: backup.header.taken_at, sha256: backup.sha256, paused: reason };
  await sql.query(
    `insert into payments.audit (actor, action, subject, after) values ('restore', 'books restored', 'books', $1::jsonb)`,
    [JSON.stringify(after)],
  );
  return reason;
}
