import { Buffer } from 'node:buffer';
import { type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { to as copyTo } from 'pg-copy-streams';
import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlTime } from '../books/sql-rows.js';
import { NoBooksError } from './backup-errors.js';
import {
  type BackedUpTable,
  type BackupHeader,
  columnList,
  copyLine,
  END_OF_ROWS,
  firstLine,
  headerLine,
  qualified,
} from './backup-format.js';
import type { ReportProgress } from './backup-progress.js';
import { type BooksTable, booksPartitions, booksSequences, booksTables } from './books-catalogue.js';
import type { BooksConnection } from './books-connection.js';
import { summariseBooks } from './books-summary.js';
import { WithChecksum } from './checksum-member.js';
import { countRows } from './count-rows.js';

export interface BackUpOptions {
  onProgress?: ReportProgress;
  signal?: AbortSignal;
}

/**
 * Writes the books as they are at this moment, whoever is writing meanwhile: one snapshot, read-only, on one connection.
 * @throws NoBooksError
 */
export async function backUpBooks(
  { client, sql }: BooksConnection,
  output: Writable,
  { onProgress = () => undefined, signal }: BackUpOptions = {},
): Promise<BackupHeader> {
  await beginSnapshot(sql);
  const header = await readHeader(sql);
  const totalRows = header.tables.reduce((sum, { rows }) => sum + rows, 0);
  let [rows, bytes] = [0, 0];

  async function* content(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${firstLine()}\n${headerLine(header)}\n`);
    for (const table of header.tables) {
      yield Buffer.from(`${copyLine(table)}\n`);
      // COPY without a query would leave out the partitions of a partitioned table.
      const text = `copy (select ${columnList(table.columns)} from ${qualified(table)}) to stdout`;
      const copied: Readable & { rowCount: number } = client.query(copyTo(text));
      for await (const chunk of copied as AsyncIterable<Buffer>) {
        [rows, bytes] = [rows + countRows(chunk), bytes + chunk.length];
        onProgress({ table: table.name, rows, totalRows, bytes });
        yield chunk;
      }
      if (copied.rowCount !== table.rows) {
        throw new Error(`${table.name} gave ${copied.rowCount} rows, but ${table.rows} were counted`);
      }
      yield Buffer.from(`${END_OF_ROWS}\n`);
    }
  }
  await pipeline(content(), createGzip(), new WithChecksum(), output, { signal });
  await sql.query('commit');
  return header;
}

const asNames = (tables: readonly BooksTable[]): string => tables.map(qualified).join(', ');

/**
 * A snapshot of tables that no migration changes until it ends. Tables are locked before the snapshot is taken, and are
 * found before that: a migration in between is noticed, and the books are asked again.
 */
async function beginSnapshot(sql: Sql): Promise<void> {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const before = asNames(await booksTables(sql));
    if (before === '') throw new NoBooksError();
    await sql.query('begin isolation level repeatable read read only');
    await sql.query(`lock table ${before} in access share mode`);
    if (asNames(await booksTables(sql)) === before) return;
    await sql.query('rollback');
  }
  throw new Error('the tables of the books change: migrations are running; try again when they are done');
}

const migrationRow = z.object({ name: z.string(), sha256: z.string() });
const momentRow = z.object({ taken_at: sqlTime, server_version: z.string() });
const countRow = z.object({ rows: z.string().transform(Number).pipe(z.int()) });

async function readHeader(sql: Sql): Promise<BackupHeader> {
  const books = await summariseBooks(sql);
  const moment = await selectRow(
    sql,
    momentRow,
    `select transaction_timestamp() as taken_at, current_setting('server_version') as server_version`,
  );
  if (!books || !moment) throw new NoBooksError();
  const tables: BackedUpTable[] = [];
  for (const table of await booksTables(sql)) {
    const counted = await selectRow(sql, countRow, `select count(*) as rows from ${qualified(table)}`);
    tables.push({ ...table, rows: counted?.rows ?? 0 });
  }
  return {
    taken_at: moment.taken_at.toISOString(),
    server_version: moment.server_version,
    migrations: await selectRows(
      sql,
      migrationRow,
      'select name, sha256 from public.schema_migration order by name',
    ),
    tables,
    partitions: await booksPartitions(sql),
    sequences: await booksSequences(sql),
    books,
  };
}
