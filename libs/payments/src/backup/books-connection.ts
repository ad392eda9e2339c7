import type { ClientBase } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';

import type { Sql } from '../books/sql-rows.js';

/** One connection: a snapshot, and a transaction, belong to one. */
export interface BooksConnection {
  /** For COPY streams. */
  client: ClientBase;
  sql: EntityManager;
  /** Ends it, and with it a transaction that is open. */
  close: () => Promise<void>;
}

const settings = `
  reset search_path; set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set extra_float_digits = 3;
  set bytea_output = 'hex'; set client_encoding = 'UTF8'; set statement_timeout = 0; set lock_timeout = '10s';
  set idle_in_transaction_session_timeout = '10min'`;

/** Text of values must not depend on what a server or a role has set. The work itself takes as long as it takes. */
export const settle = async (sql: Sql): Promise<void> => {
  await sql.query(settings);
};

const clientSchema = z.custom<ClientBase>(
  (value) => typeof value === 'object' && value !== null && 'query' in value,
);

/** Connects as the owner of the books, whom the address names. */
export async function openConnection(url: string): Promise<BooksConnection> {
  const extra = { connectionTimeoutMillis: 5_000, keepAlive: true };
  const dataSource = new DataSource({ type: 'postgres', url, poolSize: 1, extra });
  await dataSource.initialize();
  try {
    const runner = dataSource.createQueryRunner();
    const client = clientSchema.parse(await runner.connect());
    await settle(runner.manager);
    return {
      client,
      sql: runner.manager,
      close: async () => {
        await runner.release();
        await dataSource.destroy();
      },
    };
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}
