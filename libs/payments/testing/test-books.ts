import { DataSource } from 'typeorm';

import { Database } from '#platform';
import { createTestDatabase } from '#platform/testing';

import { paymentsMigrations } from '../src/migrations/folder.js';

export interface TestBooks {
  url: string;
  database: Database;
  /** Another process on the same books: its own pool of connections. */
  anotherReplica(): Promise<Database>;
  /** Stops the database's clock at this moment (`payments.clock()`); undefined lets it run again. */
  setClock(at: Date | undefined): Promise<void>;
  close(): Promise<void>;
}

async function connect(url: string): Promise<Database> {
  const dataSource = new DataSource({ type: 'postgres', url, poolSize: 5 });
  const database = new Database(dataSource, { url, migrations: paymentsMigrations });
  await database.whenReady();
  return database;
}

/** Fresh, migrated, empty books on the run's real PostgreSQL. */
export async function openTestBooks(): Promise<TestBooks> {
  const { url, drop } = await createTestDatabase();
  const opened = [await connect(url)];
  const [database] = opened;
  if (!database) throw new Error('unreachable');
  return {
    url,
    database,
    async anotherReplica() {
      const replica = await connect(url);
      opened.push(replica);
      return replica;
    },
    async setClock(at) {
      const now = at ? `timestamptz '${at.toISOString()}'` : 'clock_timestamp()';
      await database.dataSource.query(
        `create or replace function payments.clock() returns timestamptz language sql volatile
           as $$ select date_trunc('milliseconds', ${now}) $$`,
      );
    },
    async close() {
      await Promise.all(opened.map(({ dataSource }) => dataSource.destroy()));
      await drop();
    },
  };
}
