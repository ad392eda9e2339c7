import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client } from 'pg';

import { migrate } from '#platform/database';

import { bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { account } from '../ledger/account.js';
import { paymentsMigrations } from '../migrations/folder.js';
import { BackupFile } from './backup-file.js';
import { restoreBooks } from './restore-books.js';
import { type BooksCopies, contentOf, definitionsOf, openBooksCopies } from './testing/books-copies.js';

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

  it('replaces what migrations have seeded, and sets off no trigger a second time', async () => {
    const migrations = await newerMigrations(`
      create table payments.seeded (a int primary key);
      insert into payments.seeded values (1);
      create trigger append_only before update or delete on payments.seeded for each row execute function ledger.refuse();
      create table payments.derived (entry_id bigint);
      create function payments.derive() returns trigger language plpgsql
        as $$ begin insert into payments.derived values (new.id); return null; end $$;
      create trigger derive after insert on ledger.journal_entry for each row execute function payments.derive();
      alter table ledger.journal_entry enable always trigger derive;
      create table payments.first (id int primary key, second int);
      create table payments.second (id int primary key references payments.first deferrable initially deferred);
      insert into payments.first values (1, 1);
      insert into payments.second values (1)`);
    await migrate(books.owner, migrations);
    await books.owner.query('insert into payments.seeded values (2)');
    const path = await backUpSomething();
    const url = await copies.emptyDatabase();
    await copies.restore(path, url, { migrations });

    const [original, restored] = [await contentOf(books.url), await contentOf(url)];
    expect(restored.get('payments.seeded')).toMatchObject({ rows: 2 });
    for (const table of ['ledger.journal_entry', 'payments.seeded', 'payments.derived', 'payments.second']) {
      expect(restored.get(table)).toEqual(original.get(table));
    }
    expect(await definitionsOf(url)).toEqual(await definitionsOf(books.url));
  });

  it('refuses a file that changes between its verification and its end', async () => {
    const path = await backUpSomething();
    const url = await copies.emptyDatabase();
    const backup = await BackupFile.open(path);
    const bytes = await readFile(path);
    bytes[4] = 1; // the time in the head of gzip, which means nothing
    await writeFile(path, bytes);
    await expect(restoreBooks(url, backup, { migrations: paymentsMigrations })).rejects.toThrow(
      /the file changed while it was read/,
    );
    await backup.close();
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
