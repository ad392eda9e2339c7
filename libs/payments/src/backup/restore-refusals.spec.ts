import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client } from 'pg';

import { migrate } from '#platform';

import { bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { account } from '../ledger/account.js';
import { paymentsMigrations } from '../migrations/folder.js';
import { type BooksCopies, contentOf, openBooksCopies } from './testing/books-copies.js';
import { writeBackup } from './write-backup.js';

describe('a restore', () => {
  let copies: BooksCopies;
  let books: TestBooks;

  beforeEach(async () => {
    copies = await openBooksCopies();
    books = await openTestBooks();
  });
  afterEach(async () => {
    await books.close();
    await copies.close();
  });

  async function onDatabase(url: string, text: string): Promise<unknown[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      const { rows }: { rows: unknown[] } = await client.query(text);
      return rows;
    } finally {
      await client.end();
    }
  }
  const relationsOf = (url: string): Promise<unknown[]> =>
    onDatabase(
      url,
      `select oid from pg_namespace where nspname in ('ledger', 'payments')
                     union all select 0 where to_regclass('public.schema_migration') is not null`,
    );

  async function backUpSomething(): Promise<string> {
    const { books: book, ledger } = bookServices(books.database);
    await book.open();
    await books.database.transaction((tx) =>
      ledger.post(tx, {
        kind: 'accrual',
        idempotencyKey: 'one',
        effectiveAt: new Date('2026-11-22T12:00:00Z'),
        transfers: [{ debit: account.rewards('a'), credit: account.payable('a'), amountMicroUsd: 7n }],
      }),
    );
    return copies.backUp(books.url);
  }

  /** This version's migrations and one that is newer. */
  async function newerMigrations(sql = 'create table payments.later (id int primary key)'): Promise<URL> {
    const folder = join(copies.folder, 'migrations');
    await cp(fileURLToPath(paymentsMigrations), folder, { recursive: true });
    await writeFile(join(folder, '9999-later.sql'), sql);
    return pathToFileURL(`${folder}/`);
  }

  it('refuses a database in which books stand, names them and changes nothing', async () => {
    const path = await backUpSomething();
    const { ledgerId } = await bookServices(books.database).books.current();
    const before = await contentOf(books.url);
    await expect(copies.restore(path, books.url)).rejects.toThrow(
      `the ledger ${ledgerId} with 1 journal entries stands there`,
    );
    expect(await contentOf(books.url)).toEqual(before);
  });

  it.each([
    [
      'a schema of that name',
      'create schema payments; create table payments.x (a int)',
      'the schema payments with 1 tables',
    ],
    [
      'other migrations',
      'create table public.schema_migration (name text)',
      'the table public.schema_migration',
    ],
  ])('refuses a database with %s', async (_what, text, found) => {
    const path = await backUpSomething();
    const url = await copies.emptyDatabase();
    await onDatabase(url, text);
    await expect(copies.restore(path, url)).rejects.toThrow(`${found} stands there`);
  });

  it('brings a backup of older migrations up to this version', async () => {
    const path = await backUpSomething();
    const url = await copies.emptyDatabase();
    const migrations = await newerMigrations();
    expect(await copies.restore(path, url, { migrations })).toMatchObject({
      newerMigrations: ['9999-later.sql'],
    });
    expect((await contentOf(url)).get('payments.later')).toMatchObject({ rows: 0 });
    expect((await contentOf(url)).get('ledger.transfer')).toMatchObject({ rows: 1 });
  });

  it('keeps the books, paused, when a newer migration does not get along with them', async () => {
    const path = await backUpSomething();
    const url = await copies.emptyDatabase();
    const migrations = await newerMigrations('alter table ledger.transfer add check (amount <> 7)');
    await expect(copies.restore(path, url, { migrations })).rejects.toThrow(
      /are restored and paused, but .*9999-later.sql/,
    );
    expect((await contentOf(url)).get('ledger.transfer')).toMatchObject({ rows: 1 });
    expect(await onDatabase(url, 'select paused from payments.settlement_control')).toEqual([
      { paused: true },
    ]);
  });

  it('refuses a backup of newer migrations, and one of other texts, and leaves the database empty', async () => {
    const migrations = await newerMigrations();
    await migrate(books.owner, migrations);
    const path = await backUpSomething();
    const url = await copies.emptyDatabase();
    await expect(copies.restore(path, url)).rejects.toThrow(
      /9999-later.sql, which this version does not know/,
    );
    await writeFile(new URL('9999-later.sql', migrations), 'select 1');
    await expect(copies.restore(path, url, { migrations })).rejects.toThrow(
      /another text of the migration 9999-later/,
    );
    expect(await relationsOf(url)).toEqual([]);
  });

  it('leaves nothing behind when it is cut off in the middle of the rows', async () => {
    const path = await backUpSomething();
    const url = await copies.emptyDatabase();
    const cut = new AbortController();
    const onProgress = ({ table }: { table: string }): void => {
      if (table === 'transfer') cut.abort();
    };
    await expect(copies.restore(path, url, { signal: cut.signal, onProgress })).rejects.toThrow(/abort/);
    expect(await relationsOf(url)).toEqual([]);
    expect(await copies.restore(path, url)).toMatchObject({ books: { journal_entries: 1 } });
  });
});

describe('a backup', () => {
  let copies: BooksCopies;
  let books: TestBooks;
  beforeEach(async () => {
    copies = await openBooksCopies();
    books = await openTestBooks();
  });
  afterEach(async () => {
    await books.close();
    await copies.close();
  });

  it('is readable by its owner only, and never overwrites another', async () => {
    await bookServices(books.database).books.open();
    const path = await copies.backUp(books.url);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(writeBackup(books.url, path)).rejects.toThrow(/exists already/);
  });

  it('that was cut off leaves no file at all', async () => {
    await bookServices(books.database).books.open();
    const folder = join(copies.folder, 'cut');
    await mkdir(folder);
    const cut = new AbortController();
    const onProgress = (): void => {
      cut.abort();
    };
    await expect(
      writeBackup(books.url, join(folder, 'a'), { signal: cut.signal, onProgress }),
    ).rejects.toThrow(/abort/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('needs books', async () => {
    await expect(writeBackup(books.url, join(copies.folder, 'a'))).rejects.toThrow(
      /no books in this database/,
    );
    await expect(writeBackup(await copies.emptyDatabase(), join(copies.folder, 'a'))).rejects.toThrow(
      /no books/,
    );
  });
});
