import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';

import { connectionOptions, Database } from '#platform/database';

import { applicationRole, paymentsMigrations } from '../src/migrations/folder.js';

async function onServer(url: string, sql: string): Promise<void> {
  const server = new URL(url);
  server.pathname = '/postgres';
  const client = new Client({ connectionString: server.href });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Copies a database byte for byte, as it is now. Its pools are closed meanwhile, as PostgreSQL demands. */
export async function backUp(
  pools: readonly DataSource[],
  url: string,
): Promise<{ open: () => Promise<Database>; close: () => Promise<void> }> {
  const copy = new URL(url);
  const original = copy.pathname.slice(1);
  const name = `copy_${randomBytes(8).toString('hex')}`;
  copy.pathname = `/${name}`;
  await Promise.all(pools.map((pool) => pool.destroy()));
  await onServer(url, `create database ${name} template ${original}`);
  await Promise.all(pools.map((pool) => pool.initialize()));
  const opened: DataSource[] = [];
  return {
    open: async () => {
      const dataSource = new DataSource({
        type: 'postgres',
        url: copy.href,
        poolSize: 5,
        extra: connectionOptions(applicationRole),
      });
      opened.push(dataSource);
      const restored = new Database(dataSource, {
        url: copy.href,
        migrations: paymentsMigrations,
        role: applicationRole,
      });
      await restored.whenReady();
      return restored;
    },
    close: async () => {
      await Promise.all(opened.map((dataSource) => dataSource.destroy()));
      await onServer(url, `drop database if exists ${name} with (force)`);
    },
  };
}
