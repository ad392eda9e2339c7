import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestBooks, type TestBooks } from '#payments/testing';
import { startEmbeddedPostgres } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';

import { runProgram } from './testing/run-program.js';

/** Several programs one after the other, each with a database server that starts and stops. */
const manyProgramsMs = 180_000;

describe('books:backup and books:restore', () => {
  let folder: string;
  let books: TestBooks;
  let empty: TestDatabase;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'books-'));
    // As root PostgreSQL runs as another user, who must be able to enter.
    await chmod(folder, 0o755);
    books = await openTestBooks();
    empty = await createTestDatabase();
    await books.owner.query('insert into payments.book (period_seconds) values (60)');
    await books.owner.query(
      `select ledger.post('accrual', 'one', now(), array['expense:rewards:a'], array['liability:payable:a'], array[12340000::bigint])`,
    );
  });
  afterAll(async () => {
    await empty.drop();
    await books.close();
    await rm(folder, { recursive: true });
  });

  async function onDatabase(url: string, text: string): Promise<unknown[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      const { rows }: { rows: unknown[] } = await client.query(text);
      return rows;
    } finally {
      await client.end();
    }
  }

  it('bring books out and back in, and say what is in them, what they lack and what to do', async () => {
    const file = join(folder, 'books.sql.gz');
    const environment = { DATABASE_URL: books.url };
    const backup = await runProgram('backup', ['--to', file], { environment });
    expect(backup).toMatchObject({ code: 0, complaints: '' });
    expect(backup.out).toContain(`are in ${file}`);
    expect(backup.out).toMatch(/payable\s+\$12\.340000/);
    expect(backup.out).toMatch(/balances\s+✔ agree with the transfers/);

    const restore = await runProgram('restore', ['--from', file, '--database', empty.url]);
    expect(restore).toMatchObject({ code: 0, complaints: '' });
    expect(restore.out).toMatch(/payable\s+\$12\.340000/);
    expect(restore.out).toMatch(
      /settlement\s+is paused: restored from the backup of .*; check GET \/reconciliation, then resume/,
    );
    expect(restore.out).toMatch(/GET \/api\/v1\/reconciliation names each authorization/);
    expect(await onDatabase(empty.url, 'select paused from payments.settlement_control')).toEqual([
      { paused: true },
    ]);

    const adopt = await runProgram('restore', ['--adopt', '--database', empty.url]);
    expect(adopt).toMatchObject({ code: 0, out: '0 payments entered, 0 left.\n' });
    const running = await runProgram('restore', ['--adopt', '--database', books.url]);
    expect(running).toMatchObject({ code: 1, complaints: expect.stringMatching(/Settlement is not paused/) });

    const again = await runProgram('restore', ['--from', file, '--database', empty.url]);
    expect(again.code).toBe(1);
    expect(again.complaints).toMatch(
      /✘ The database is not empty: the ledger [0-9a-f-]{36} with 1 journal entries stands there/,
    );
  });

  it('refuse a damaged file before anything is done', async () => {
    const other = await createTestDatabase();
    const file = join(folder, 'damaged.sql.gz');
    await runProgram('backup', ['--to', file, '--database', books.url]);
    await writeFile(file, (await readFile(file)).subarray(0, -3));
    const { code, complaints, out } = await runProgram('restore', ['--from', file, '--database', other.url]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(complaints).toMatch(/damaged or incomplete/);
    expect(await onDatabase(other.url, `select 1 from pg_namespace where nspname = 'ledger'`)).toEqual([]);
    await other.drop();
  });

  it(
    'reach into the embedded database of a distributor that is stopped, and leave no server behind',
    async () => {
      const into = join(folder, 'backups');
      const dataDir = join(folder, 'data');
      const file = join(folder, 'in.sql.gz');
      await runProgram('backup', ['--to', file, '--database', books.url]);
      const restored = await runProgram('restore', ['--from', file, '--data-dir', dataDir, '--json']);
      expect(restored).toMatchObject({ code: 0, complaints: '' });
      expect(JSON.parse(restored.out)).toMatchObject({ books: { payable_micro_usd: '12340000' } });

      await mkdir(into);
      const backup = await runProgram('backup', ['--to', into, '--data-dir', dataDir, '--json']);
      expect(JSON.parse(backup.out)).toMatchObject({ books: { payable_micro_usd: '12340000' } });
      expect(await readdir(into)).toEqual([
        expect.stringMatching(/^books-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.sql\.gz$/),
      ]);

      const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres') });
      try {
        const running = await runProgram('restore', ['--from', file, '--data-dir', dataDir]);
        expect(running.code).toBe(2);
        expect(running.complaints).toContain(`(process ${postgres.pid}): stop the stack or the distributor`);
        expect(await onDatabase(postgres.url, 'select paused from payments.settlement_control')).toEqual([
          { paused: true },
        ]);
      } finally {
        await postgres.stop();
      }
    },
    manyProgramsMs,
  );

  it(
    'read a physical copy of the folder of a stopped distributor',
    async () => {
      const file = join(folder, 'physical.sql.gz');
      const [dataDir, copy] = [join(folder, 'original'), join(folder, 'copy')];
      await runProgram('backup', ['--to', file, '--database', books.url]);
      await runProgram('restore', ['--from', file, '--data-dir', dataDir]);
      await mkdir(copy);
      await promisify(execFile)('cp', ['-a', `${dataDir}/postgres`, `${dataDir}/postgres.password`, copy]);
      const { out } = await runProgram('backup', ['--to', join(folder, 'c'), '--data-dir', copy, '--json']);
      expect(JSON.parse(out)).toMatchObject({ books: { payable_micro_usd: '12340000' } });
    },
    manyProgramsMs,
  );

  it.each([
    ['backup', [], /--to FILE/],
    ['backup', ['--to', '/nowhere/x', '--database', 'mysql://x'], /--database must be a PostgreSQL address/],
    ['restore', [], /--from FILE/],
    ['restore', ['--from', 'x'], /Say where to, once/],
    ['restore', ['--from', 'x', '--database', 'postgres://x', '--data-dir', 'y'], /Say where to, once/],
  ] as const)('%s with %j says what is missing and ends with 2', async (program, args, complaint) => {
    const { code, complaints } = await runProgram(program, args);
    expect(code).toBe(2);
    expect(complaints).toMatch(complaint);
  });

  it('say in one sentence that a database cannot be reached, and never its password', async () => {
    const url = 'postgres://someone:secret@127.0.0.1:1/none';
    const { code, complaints } = await runProgram('backup', ['--to', join(folder, 'x'), '--database', url]);
    expect(code).toBe(1);
    expect(complaints).toMatch(/✘ .*ECONNREFUSED/);
    expect(complaints).not.toContain('secret');
  });
});
