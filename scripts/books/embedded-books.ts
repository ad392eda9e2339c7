import { startEmbeddedPostgres } from '#platform/database';
import { join } from 'node:path';
import { Client } from 'pg';
import { z } from 'zod';

import { UsageError } from '../surroundings/surroundings.js';

const startRow = z.tuple([z.object({ started_at: z.date() })]);

async function startedAt(url: string): Promise<Date> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const { rows } = await client.query('select pg_postmaster_start_time() as started_at');
    return startRow.parse(rows)[0].started_at;
  } finally {
    await client.end();
  }
}

/**
 * Starts the embedded PostgreSQL of a distributor or a local stack that is stopped, and stops it after the work.
 * @param dataDir the distributor's DATA_DIR, or `.local`
 * @throws UsageError while it is in use: that server is not ours to stop
 */
export async function withEmbeddedBooks<T>(dataDir: string, work: (url: string) => Promise<T>): Promise<T> {
  const now = new Date();
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres') });
  if ((await startedAt(postgres.url)) < now) {
    throw new UsageError(
      `A PostgreSQL runs in ${dataDir} (process ${postgres.pid}): stop the stack or the distributor that it belongs to.`,
    );
  }
  try {
    return await work(postgres.url);
  } finally {
    await postgres.stop();
  }
}
