import { createHash, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';

import { migrate, readMigrations } from '../src/database/migrate.js';

export interface TestDatabase {
  url: string;
  drop: () => Promise<void>;
}

/** Advisory lock of the test server: one process makes a template, the others wait for it. Arbitrary. */
const templateLock = '7241605114';

function serverUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (url === undefined)
    throw new Error('TEST_POSTGRES_URL is set by test/support/global-setup.js: run Jest');
  return url;
}

function databaseUrl(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer<Result>(work: (server: Client) => Promise<Result>): Promise<Result> {
  const server = new Client({ connectionString: serverUrl() });
  await server.connect();
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}

async function createCopyOf(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer((server) => server.query(`create database ${name} template ${template}`));
  return {
    url: databaseUrl(name),
    drop: async () => {
      await onServer((server) => server.query(`drop database if exists ${name} with (force)`));
    },
  };
}

async function migrateDatabase(name: string, migrations: URL): Promise<void> {
  const owner = await new DataSource({ type: 'postgres', url: databaseUrl(name), poolSize: 1 }).initialize();
  try {
    await migrate(owner, migrations);
  } finally {
    await owner.destroy();
  }
}

/** The name of a database with these migrations and nothing else, which nobody is connected to. */
async function migratedTemplate(migrations: URL): Promise<string> {
  const content = (await readMigrations(migrations)).map(({ sha256 }) => sha256).join();
  const name = `template_${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
  await onServer(async (server) => {
    // Released when the connection ends.
    await server.query('select pg_advisory_lock($1)', [templateLock]);
    const { rowCount } = await server.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 1) return;
    // It has its name only once it is whole.
    await server.query(`drop database if exists ${name}_unfinished`);
    await server.query(`create database ${name}_unfinished`);
    await migrateDatabase(`${name}_unfinished`, migrations);
    await server.query(`alter database ${name}_unfinished rename to ${name}`);
  });
  return name;
}

/** An empty database of its own on the PostgreSQL that the test run started. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createCopyOf('template1');
}

/**
 * One that has the migrations of a folder: a copy of a database that is migrated once in a run, which takes a tenth of the
 * time of migrating each.
 */
export async function createMigratedDatabase(migrations: URL): Promise<TestDatabase> {
  return createCopyOf(await migratedTemplate(migrations));
}
