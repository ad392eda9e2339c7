import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';

let folder: string;
const started: EmbeddedPostgres[] = [];

beforeEach(async () => {
  // Readable by its owner only, as a clone below root's home is.
  folder = await mkdtemp(join(tmpdir(), 'embedded-postgres-spec-'));
});

afterEach(async () => {
  for (const postgres of started.splice(0)) {
    await postgres.stop();
    await rm(postgres.dataDir, { recursive: true, force: true });
    await rm(`${postgres.dataDir}.password`, { force: true });
  }
  await rm(folder, { recursive: true, force: true });
});

async function start() {
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data') });
  started.push(postgres);
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows }: { rows: unknown } = await client.query(sql);
    return rows;
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', () => {
  it('keeps its data over a restart, wherever the folder is and whoever starts it', async () => {
    const first = await start();
    await query(first.url, 'create table kept (id int); insert into kept values (7)');
    await first.stop();
    await expect(query(first.url, 'select 1')).rejects.toThrow();
    const second = await start();
    expect(await query(second.url, 'select id from kept')).toEqual([{ id: 7 }]);
  });

  it('takes over the server that a killed run left behind', async () => {
    const left = await start();
    const found = await start();
    expect(found.pid).toBe(left.pid);
    expect(await query(found.url, 'show server_version_num')).toHaveLength(1);
    await found.stop();
    await expect(query(left.url, 'select 1')).rejects.toThrow();
  });
});
