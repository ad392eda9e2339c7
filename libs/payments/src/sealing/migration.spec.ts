import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataSource } from 'typeorm';

import { Database, migrate } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '#platform/testing';

import { TestWorker } from '../../testing/test-worker.js';
import { compressReport } from '../assessments/stored-report.js';
import { paymentsMigrations } from '../migrations/folder.js';
import { payoutId } from '../payouts/payout-id.js';
import { verifyBooks } from '../verification/verify-books.js';
import { Sealing } from './sealing.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const payee = '0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0';
const ledgerId = 'a9b8c7d6-e5f4-4321-8fed-cba987654321';
const challenge = '11'.repeat(32);

/** As the migrations before this one left them: a payee with a paid and an unpaid period and a payout. */
async function fillOldBooks(sql: DataSource): Promise<void> {
  const worker = new TestWorker();
  const report = JSON.stringify(
    worker.report({ fromMs: BigInt(noon), toMs: BigInt(noon + 60_000), challenge: `0x${challenge}` }),
  );
  await sql.query(`insert into payments.book (period_seconds, ledger_id) values (60, $1)`, [ledgerId]);
  await sql.query(
    `insert into payments.orchestrator (id, service_uri, origin) values ($1, 'https://o:1', 'rest')`,
    [payee],
  );
  await sql.query(
    `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, recorded_at, actor)
       values ($1, 'worker_address', $2, '2026-01-01Z', '2026-01-01Z', 'admin')`,
    [payee, worker.address],
  );
  await sql.query(
    `insert into payments.rate (micro_usd_per_minute, effective_from, actor) values (10000000, '1970-01-01Z', 'environment')`,
  );
  await sql.query(
    `insert into payments.policy (threshold_bp, aggregation, required_services, effective_from, actor)
       values (9500, 'mean', array['autogen_agent', 'redis_scb'], '1970-01-01Z', 'environment')`,
  );
  await sql.query(
    `insert into payments.assessment (id, orchestrator_id, period_start, period_end, decision, reason, reason_text, up_ms,
         window_ms, amount_micro_usd, rate_id, rate_micro_usd_per_minute, policy_id, threshold_bp, worker_address,
         exclusive_worker, attempts)
       select gen_random_uuid(), $1, $2::timestamptz + n * interval '1 minute', $2::timestamptz + (n + 1) * interval '1 minute',
              case n when 0 then 'paid' else 'unpaid' end, case n when 1 then 'no_evidence' end, 'x',
              case n when 0 then 120000 end, case n when 0 then 120000 end, case n when 0 then 10000000 else 0 end,
              1, 10000000, 1, 9500, case n when 0 then $3 end, true, 1 from generate_series(0, 1) n`,
    [payee, new Date(noon), worker.address],
  );
  await sql.query(
    `insert into payments.evidence (assessment_id, challenge, received_at, latency_ms, report)
       select id, $1, period_end, 3, $2 from payments.assessment where decision = 'paid'`,
    [Buffer.from(challenge, 'hex'), compressReport(report)],
  );
  const post = (kind: string, key: string, debit: string, credit: string): Promise<unknown> =>
    sql.query(`select ledger.post($1, $2, $3, array[$4], array[$5], array[10000000::bigint])`, [
      ...[kind, key, new Date(noon), debit, credit],
    ]);
  await post('accrual', 'accrual/1', `expense:rewards:${payee}`, `liability:payable:${payee}`);
  const id = payoutId(ledgerId, payee, 'ledger', 1n);
  await post(
    'reserve',
    `payout/${id}/reserve`,
    `liability:payable:${payee}`,
    `liability:in_settlement:${payee}`,
  );
  await sql.query(
    `insert into payments.payout (id, orchestrator_id, method, asset, number, amount_micro_usd, status, created_at)
       values ($1, $2, 'ledger', 'ledger', 1, 10000000, 'reserved', $3)`,
    [id, payee, new Date(noon)],
  );
}

describe('the migration to seals', () => {
  let database: TestDatabase;
  let owner: DataSource;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    const names = (await readdir(paymentsMigrations)).filter(
      (name) => name < '0013' && name.endsWith('.sql'),
    );
    for (const name of names) await copyFile(new URL(name, paymentsMigrations), join(folder, name));
    database = await createTestDatabase();
    owner = await new DataSource({ type: 'postgres', url: database.url, poolSize: 3 }).initialize();
    await migrate(owner, pathToFileURL(`${folder}/`));
  });
  afterAll(async () => {
    await owner.destroy();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('numbers the rows that are there, so that they are sealed and verify like all that follow', async () => {
    await fillOldBooks(owner);
    expect(await migrate(owner, paymentsMigrations)).toContain('0013-seals.sql');
    const app = new Database(owner, { url: database.url, migrations: paymentsMigrations });
    await app.whenReady();
    const sealing = new Sealing(app);
    expect(await sealing.sealNext()).toMatchObject({ sequence: 1n, more: false });
    await owner.query(
      `select ledger.post('adjustment', 'later', now(), array['expense:adjustments:x'], array['liability:payable:x'], array[5]::bigint[])`,
    );
    expect(await sealing.sealNext()).toMatchObject({ sequence: 2n });
    const { ok, checks, unsealedRows } = await owner.transaction('REPEATABLE READ', (tx) => verifyBooks(tx));
    expect(checks.flatMap(({ findings }) => findings)).toEqual([]);
    expect({ ok, unsealedRows }).toEqual({ ok: true, unsealedRows: 0n });
  });
});
