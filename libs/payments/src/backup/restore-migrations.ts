import { DataSource } from 'typeorm';

import { migrate, type Migration, readMigrations } from '#platform/database';

import type { Sql } from '../books/sql-rows.js';
import { BackupRefusedError } from './backup-errors.js';
import type { BackupHeader } from './backup-format.js';

/**
 * This version's texts of exactly the migrations that the backup's books have had.
 * @throws BackupRefusedError for a backup of a newer version, or of one whose migrations were other ones
 */
export async function migrationsOf(header: BackupHeader, folder: URL): Promise<Migration[]> {
  const known = new Map((await readMigrations(folder)).map((migration) => [migration.name, migration]));
  return header.migrations.map(({ name, sha256 }) => {
    const migration = known.get(name);
    if (!migration) {
      const reason = `The backup has the migration ${name}, which this version does not know; restore it with a newer version.`;
      throw new BackupRefusedError('migrations', reason);
    }
    if (migration.sha256 !== sha256) {
      const reason = `The backup was made with another text of the migration ${name}; restore it with the version that made it.`;
      throw new BackupRefusedError('migrations', reason);
    }
    return migration;
  });
}

/** Within the caller's transaction. */
export async function applyMigrations(sql: Sql, migrations: readonly Migration[]): Promise<void> {
  await sql.query(
    `create table public.schema_migration (
       name text primary key, sha256 text not null, applied_at timestamptz not null default clock_timestamp())`,
  );
  for (const { name, sql: text, sha256 } of migrations) {
    await sql.query(text);
    await sql.query('insert into public.schema_migration (name, sha256) values ($1, $2)', [name, sha256]);
  }
}

/** What has come since the backup's version; returns the names. */
export async function applyNewer(url: string, folder: URL): Promise<string[]> {
  const dataSource = new DataSource({ type: 'postgres', url, poolSize: 1 });
  await dataSource.initialize();
  try {
    return await migrate(dataSource, folder);
  } finally {
    await dataSource.destroy();
  }
}
