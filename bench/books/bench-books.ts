import { defaultServices } from '#monitoring';
import { paymentsMigrations } from '#payments';
import {
  type EmbeddedPostgres,
  migrate,
  removeEmbeddedPostgresData,
  startEmbeddedPostgres,
} from '#platform/database';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { z } from 'zod';

import type { CleanUp } from '../run/clean-up.js';

/** A PostgreSQL of its own in a temporary folder, as durable as any: nothing about it is made faster. */
export async function startServer(cleanUp: CleanUp): Promise<EmbeddedPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-books-'));
  cleanUp.add(() => rm(folder, { recursive: true, force: true }));
  // As root PostgreSQL runs as another user, who must be able to enter.
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'data');
  // Elsewhere where the temporary folder is root's own.
  cleanUp.add(() => removeEmbeddedPostgresData(dataDir));
  const server = await startEmbeddedPostgres({ dataDir });
  cleanUp.add(() => server.stop());
  return server;
}

/** A new database with the tables of the books, and a connection of its owner. */
export async function createBooks(
  server: EmbeddedPostgres,
  name: string,
  cleanUp: CleanUp,
): Promise<{ url: string; owner: DataSource }> {
  const maintenance = await new DataSource({ type: 'postgres', url: server.url, poolSize: 1 }).initialize();
  await maintenance.query(`create database ${name}`);
  await maintenance.destroy();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const owner = await new DataSource({ type: 'postgres', url: url.href, poolSize: 2 }).initialize();
  cleanUp.add(() => owner.destroy());
  await migrate(owner, paymentsMigrations);
  return { url: url.href, owner };
}

export interface Payee {
  url: string;
  address: string;
}

/** Records as REST would make them, all at once: their first period begins at `from`. Ten dollars a minute, 95 %. */
export async function addOrchestrators(
  owner: DataSource,
  payees: readonly Payee[],
  from: Date,
): Promise<void> {
  await owner.query('insert into payments.book (period_seconds) values (60)');
  await owner.query(
    `insert into payments.rate (micro_usd_per_minute, effective_from, actor)
       values (10000000, timestamptz '1970-01-01 00:00:00+00', 'bench')`,
  );
  await owner.query(
    `insert into payments.policy (threshold_bp, aggregation, required_services, effective_from, actor)
       values (9500, 'mean', $1, timestamptz '1970-01-01 00:00:00+00', 'bench')`,
    [defaultServices],
  );
  await owner.query(
    `with given as (select gen_random_uuid() as id, * from unnest($1::text[], $2::text[]) as g (url, address)),
     record as (
       insert into payments.orchestrator (id, service_uri, origin, created_at)
         select id, url, 'rest', $3::timestamptz - interval '1 second' from given),
     fact as (
       insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
         select given.id, f.fact, f.value, $3::timestamptz - interval '1 second', 'bench'
           from given cross join lateral (values ('name', split_part(url, '//', 2)), ('status', 'active'),
             ('worker_url', url), ('worker_address', address)) as f (fact, value))
     insert into payments.assessment_progress (orchestrator_id, opened_until) select id, $3 from given`,
    [payees.map(({ url }) => url), payees.map(({ address }) => address), from],
  );
  // As autovacuum does within a minute on any server.
  await owner.query('vacuum analyze');
}

/** The database's clock runs, but so far behind that a chosen period has just ended. Returns by how much. */
export async function setClock(owner: DataSource, now: Date): Promise<number> {
  const behindMs = Date.now() - now.getTime();
  await owner.query(
    `create or replace function payments.clock() returns timestamptz language sql volatile
       as $$ select date_trunc('milliseconds', clock_timestamp() - interval '${behindMs} milliseconds') $$`,
  );
  return behindMs;
}

const settingRow = z.object({ setting: z.string() });

/** The version and what makes it durable. */
export async function describeServer(owner: DataSource): Promise<string> {
  const names = ['server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers'];
  const settings = await Promise.all(
    names.map(async (name) => {
      const rows = z
        .array(settingRow)
        .parse(await owner.query('select current_setting($1) as setting', [name]));
      return name === 'server_version' ? (rows[0]?.setting ?? '') : `${name} ${rows[0]?.setting ?? ''}`;
    }),
  );
  return settings.join(', ');
}
