import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { fillBooks } from '../../testing/filled-books.js';
import { openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { selectRows } from '../books/sql-rows.js';
import { Sealing } from '../sealing/sealing.js';
import { verifyBooks } from './verify-books.js';

describe('books of ordinary life', () => {
  let books: TestBooks;
  let sealing: Sealing;

  beforeAll(async () => {
    books = await openTestBooks();
    sealing = new Sealing(books.database);
    await fillBooks(books);
  });
  afterAll(async () => {
    await books.close();
  });

  const verify = (notedHead?: string) =>
    books.owner.transaction('REPEATABLE READ', (tx) => verifyBooks(tx, { notedHead }));

  it('verify before the first seal: what is not sealed is counted and no fault', async () => {
    const { ok, checks, head, unsealedRows } = await verify();
    expect(checks.flatMap(({ findings }) => findings)).toEqual([]);
    expect({ ok, head }).toEqual({ ok: true, head: null });
    expect(unsealedRows).toBeGreaterThan(50n);
    const reasons = await selectRows(
      books.owner,
      z.object({ reason: z.string().nullable() }),
      'select distinct reason from payments.assessment order by 1',
    );
    expect(reasons.map(({ reason }) => reason)).toEqual([
      ...['below_threshold', 'equivocation', 'no_evidence', 'orchestrator_paused', 'shared_stack'],
      ...['wrong_capability', 'wrong_worker', null],
    ]);
  });

  it('verify when they are sealed in many steps, up to a head that was noted', async () => {
    const heads: string[] = [];
    for (;;) {
      const seal = await sealing.sealNext({ rowsPerTable: 7 });
      if (!seal) break;
      heads.push(seal.hash);
    }
    expect(heads.length).toBeGreaterThan(2);
    const { ok, checks, head, unsealedRows } = await verify(heads[1]);
    expect(checks.flatMap(({ findings }) => findings)).toEqual([]);
    expect({ ok, head, unsealedRows }).toEqual({ ok: true, head: heads.at(-1), unsealedRows: 0n });
    const rows = await selectRows(
      books.owner,
      z.object({ name: z.string() }),
      `select name from ledger.sealed_table s where not exists (select 1 from ledger.seal_part p where p.table_name = s.name)`,
    );
    expect(rows).toEqual([]);
  });

  it('do not verify by a head that is not in the chain', async () => {
    const { ok, checks } = await verify('ab'.repeat(32));
    expect(ok).toBe(false);
    expect(checks[0]?.findings[0]?.problem).toContain('the chain was rewritten');
  });
});
