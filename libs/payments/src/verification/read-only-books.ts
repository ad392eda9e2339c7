import { DataSource } from 'typeorm';
import { z } from 'zod';

import { type Sql, selectRow } from '../books/sql-rows.js';

/** There are no books in the database, or books that an older version keeps. */
export class UnverifiableBooksError extends Error {
  override readonly name = 'UnverifiableBooksError';
  constructor(readonly missing: string) {
    super(
      `There is no ${missing} in this database: it holds no books, or those of an older version. Start the distributor of this version on it once.`,
    );
  }
}

/** What a verification needs; the newest tables show that all migrations have been applied. */
const neededTables = ['payments.book', 'ledger.seal', 'payments.second_evidence'];

/**
 * The books as they are at one moment, on a connection that cannot write. A login that may select is enough.
 * @throws UnverifiableBooksError
 */
export async function onReadOnlyBooks<T>(url: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const extra = { connectionTimeoutMillis: 5_000, keepAlive: true };
  const dataSource = await new DataSource({ type: 'postgres', url, poolSize: 1, extra }).initialize();
  try {
    // It takes as long as it takes, whatever the server limits for others.
    await dataSource.query(
      `set default_transaction_read_only = on; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0`,
    );
    return await dataSource.transaction('REPEATABLE READ', async (tx) => {
      await requireBooks(tx);
      return work(tx);
    });
  } finally {
    await dataSource.destroy();
  }
}

async function requireBooks(sql: Sql): Promise<void> {
  const row = await selectRow(
    sql,
    z.object({ name: z.string() }),
    'select name from unnest($1::text[]) with ordinality as t (name, n) where to_regclass(name) is null order by n limit 1',
    [neededTables],
  );
  if (row) throw new UnverifiableBooksError(row.name);
}
