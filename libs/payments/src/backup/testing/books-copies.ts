import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { z } from 'zod';

import { connectionOptions, Database } from '#platform/database';
import { createTestDatabase } from '#platform/testing';

import { selectRows } from '../../books/sql-rows.js';
import { applicationRole, paymentsMigrations } from '../../migrations/folder.js';
import { qualified } from '../backup-format.js';
import { BackupFile } from '../backup-file.js';
import { booksTables } from '../books-catalogue.js';
import { openConnection } from '../books-connection.js';
import { restoreBooks, type RestoreOptions, type RestoredBooks } from '../restore-books.js';
import { writeBackup } from '../write-backup.js';

/** Backups, and databases that they are restored into; all gone after `close`. */
export interface BooksCopies {
  folder: string;
  /** Writes a backup and returns its path. */
  backUp(url: string): Promise<string>;
  emptyDatabase(): Promise<string>;
  restore(path: string, url: string, options?: Partial<RestoreOptions>): Promise<RestoredBooks>;
  /** As the distributor opens books. */
  open(url: string): Promise<Database>;
  close(): Promise<void>;
}

export async function openBooksCopies(): Promise<BooksCopies> {
  const folder = await mkdtemp(join(tmpdir(), 'backup-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })];
  let backups = 0;
  return {
    folder,
    backUp: async (url) => {
      backups += 1;
      const path = join(folder, `${backups}.sql.gz`);
      await writeBackup(url, path);
      return path;
    },
    emptyDatabase: async () => {
      const database = await createTestDatabase();
      closers.push(() => database.drop());
      return database.url;
    },
    restore: async (path, url, options = {}) => {
      const backup = await BackupFile.open(path);
      try {
        return await restoreBooks(url, backup, { migrations: paymentsMigrations, ...options });
      } finally {
        await backup.close();
      }
    },
    open: async (url) => {
      const extra = connectionOptions(applicationRole);
      const dataSource = new DataSource({ type: 'postgres', url, poolSize: 5, extra });
      const database = new Database(dataSource, {
        url,
        migrations: paymentsMigrations,
        role: applicationRole,
      });
      await database.whenReady();
      closers.push(() => dataSource.destroy());
      return database;
    },
    close: async () => {
      for (const close of closers.reverse()) await close();
    },
  };
}

const contentRow = z.object({ rows: z.int(), hash: z.string().nullable() });

/** Every table with the number of its rows and a hash over all of them, whatever order they lie in. */
export async function contentOf(url: string): Promise<Map<string, { rows: number; hash: string | null }>> {
  const { sql, close } = await openConnection(url);
  try {
    const content = new Map<string, { rows: number; hash: string | null }>();
    for (const table of await booksTables(sql)) {
      const text = `select count(*)::int as rows, md5(string_agg(t::text, E'\\n' order by t::text collate "C")) as hash
                      from ${qualified(table)} t`;
      const [row] = await selectRows(sql, contentRow, text);
      if (row) content.set(`${table.schema}.${table.name}`, row);
    }
    return content;
  } finally {
    await close();
  }
}

const definitionRow = z.object({ definition: z.string() });

/** What the migrations made, and what a restore has to put back: columns, keys, indexes, triggers, partitions, rights. */
export async function definitionsOf(url: string): Promise<string[]> {
  const { sql, close } = await openConnection(url);
  try {
    const rows = await selectRows(
      sql,
      definitionRow,
      `with relation as (select c.*, c.oid::regclass::text as name from pg_class c
                          where relnamespace in (select oid from pg_namespace where nspname in ('ledger', 'payments')))
       select format('column %s.%s %s %s %s %s', name, attname, atttypid::regtype, attnotnull, attidentity, attgenerated)
              as definition from relation join pg_attribute a on a.attrelid = relation.oid where attnum > 0 and not attisdropped
       union all select format('constraint %s %s %s', name, conname, pg_get_constraintdef(k.oid))
         from relation join pg_constraint k on k.conrelid = relation.oid
       union all select format('trigger %s %s %s', name, tgenabled, pg_get_triggerdef(t.oid))
         from relation join pg_trigger t on t.tgrelid = relation.oid where not tgisinternal
       union all select format('index %s', pg_get_indexdef(indexrelid)) from relation join pg_index on indrelid = relation.oid
       union all select format('partition %s %s', name, pg_get_expr(relpartbound, oid)) from relation where relispartition
       union all select format('rights %s %s', name, relacl) from relation where relkind <> 'i' and relkind <> 'I'
       order by 1`,
    );
    return rows.map(({ definition }) => definition);
  } finally {
    await close();
  }
}
