import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestBooks, type TestBooks } from '#payments/testing';
import { Sealing } from '#payments';
import { createTestDatabase } from '#platform/testing';
import { randomBytes } from 'node:crypto';

import { runProgram } from './testing/run-program.js';

describe('ledger:verify', () => {
  let books: TestBooks;
  let head: string;

  beforeAll(async () => {
    books = await openTestBooks();
    await books.owner.query('insert into payments.book (period_seconds) values (60)');
    await books.owner.query(
      `select ledger.post('funding', 'one', now(), array['asset:treasury:outside'], array['equity:funding'], array[12340000::bigint])`,
    );
    head = (await new Sealing(books.database).sealNext())?.hash ?? '';
  });
  afterAll(async () => {
    await books.close();
  });

  it('puts a tick on every check of sound books, and ends with 0', async () => {
    const { code, out, complaints } = await runProgram('ledger', ['--head', head], {
      environment: { DATABASE_URL: books.url },
    });
    expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
    const ticks = out.split('\n').filter((line) => line.startsWith('✔'));
    expect(ticks.map((line) => line.split(/\s+/)[1])).toEqual([
      ...['seals', 'journal', 'balances', 'evidence', 'accruals', 'payouts'],
    ]);
    expect(out).toContain(`Head of the chain: ${head}`);
  });

  it('is content with a login that may only select', async () => {
    const login = `auditor_${randomBytes(6).toString('hex')}`;
    await books.owner.query(
      `create role ${login} login password 'p'; grant usage on schema ledger, payments to ${login};
       grant select on all tables in schema ledger, payments to ${login}`,
    );
    try {
      const url = new URL(books.url);
      Object.assign(url, { username: login, password: 'p' });
      expect(await runProgram('ledger', ['--database', url.href])).toMatchObject({ code: 0, complaints: '' });
    } finally {
      await books.owner.query(`drop owned by ${login}; drop role ${login}`);
    }
  });

  it('names what was tampered with, in text and in JSON, and ends with 1', async () => {
    await books.owner.query(
      `begin; set local session_replication_role = replica; update ledger.transfer set amount = amount + 1; commit`,
    );
    try {
      const { code, out } = await runProgram('ledger', ['--database', books.url]);
      expect(code).toBe(1);
      expect(out).toMatch(/✘ journal {4}1 entries of 1 transfers; 3 faults/);
      expect(out).toMatch(
        /ledger\.transfer credit_account_id=\d+, effective_at=.*: does not fit the content hash/,
      );
      expect(out).toMatch(/ledger\.account_balance account_id=\d+: says debits 12340000/);
      expect(out).toContain('2 of 6 checks failed');
      const json = await runProgram('ledger', ['--database', books.url, '--json']);
      expect(json).toMatchObject({ code: 1, complaints: '' });
      expect(JSON.parse(json.out)).toMatchObject({ ok: false, head, unsealed_rows: '0' });
    } finally {
      await books.owner.query(
        `begin; set local session_replication_role = replica; update ledger.transfer set amount = amount - 1; commit`,
      );
    }
  });

  it('ends with 2 when the books cannot be read', async () => {
    const empty = await createTestDatabase();
    try {
      const none = await runProgram('ledger', ['--database', empty.url]);
      expect(none).toMatchObject({ code: 2, out: '' });
      expect(none.complaints).toContain('it holds no books');
    } finally {
      await empty.drop();
    }
    const nobody = await runProgram('ledger', ['--database', 'postgres://a:b@127.0.0.1:1/c']);
    expect(nobody.code).toBe(2);
    expect(nobody.complaints).toContain('ECONNREFUSED');
    const wrong = await runProgram('ledger', ['--database', books.url, '--head', 'abc']);
    expect(wrong.code).toBe(2);
    expect(wrong.complaints).toContain('--head must be the 64 hexadecimal digits');
  });

  it('fails by a head that the chain does not have', async () => {
    const { code, out } = await runProgram('ledger', ['--database', books.url, '--head', 'ab'.repeat(32)]);
    expect(code).toBe(1);
    expect(out).toContain('the chain was rewritten or cut');
  });
});
