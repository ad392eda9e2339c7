import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import { z } from 'zod';

export class MigrationChangedError extends Error {
  constructor(readonly migration: string) {
    super(`The migration ${migration} was changed after it had been applied; write a new one instead.`);
    this.name = 'MigrationChangedError';
  }
}

export class DatabaseNewerError extends Error {
  constructor(readonly migration: string) {
    super(
      `The database has the migration ${migration}, which this version does not know; run a newer version.`,
    );
    this.name = 'DatabaseNewerError';
  }
}

export class MigrationFailedError extends Error {
  constructor(
    readonly migration: string,
    override readonly cause: unknown,
  ) {
    super(`The migration ${migration} failed: ${cause instanceof Error ? cause.message : String(cause)}`);
    this.name = 'MigrationFailedError';
  }
}

/** Advisory lock. Arbitrary, but the same in every process that migrates one database. */
export const migrationLock = '7241605113';

const appliedSchema = z.array(z.object({ name: z.string(), sha256: z.string() }));

export interface Migration {
  /** `NNNN-name.sql` */
  name: string;
  sql: string;
  sha256: string;
}

/** The migrations of a folder, in the order in which they are applied. */
export async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, folder), 'utf8');
      return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function apply(runner: QueryRunner, { name, sql, sha256 }: Migration) {
  await runner.startTransaction();
  try {
    await runner.query(sql);
    await runner.query('insert into public.schema_migration (name, sha256) values ($1, $2)', [name, sha256]);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw new Error(
      `The migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Applies the `NNNN-name.sql` files of `folder` that the database does not have yet, in order, each in a transaction,
 * under an advisory lock: any number of processes may start at once. Returns the names applied by this call.
 * @throws MigrationChangedError, DatabaseNewerError
 */
export async function migrate(dataSource: DataSource, folder: URL): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  try {
    await runner.query('select pg_advisory_lock($1)', [migrationLock]);
    await runner.query(
      `create table if not exists public.schema_migration (
         name text primary key, sha256 text not null, applied_at timestamptz not null default clock_timestamp())`,
    );
    const rows: unknown = await runner.query(
      'select name, sha256 from public.schema_migration order by name',
    );
    const applied = new Map(appliedSchema.parse(rows).map(({ name, sha256 }) => [name, sha256]));
    for (const name of applied.keys()) {
      if (!migrations.some((migration) => migration.name === name)) throw new DatabaseNewerError(name);
    }
    const done: string[] = [];
    for (const migration of migrations) {
      const sha256 = applied.get(migration.name);
      if (sha256 === migration.sha256) continue;
      if (sha256 !== undefined) throw new MigrationChangedError(migration.name);
      await apply(runner, migration);
      done.push(migration.name);
    }
    return done;
  } finally {
    await runner.query('select pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await runner.release();
  }
}
