import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { fillBooks } from '../../testing/filled-books.js';
import { openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { selectRows } from '../books/sql-rows.js';
import { Sealing } from '../sealing/sealing.js';
import type { Finding } from './finding.js';
import { columnsOf, tamper } from './testing/tamper.js';
import { verifyBooks } from './verify-books.js';

/** Columns that say where a payout or a tx stands; they change as it goes on, and no seal can cover them. */
const states: Record<string, readonly string[]> = {
  'payments.payout': [
    ...['hold_reason', 'cancel_requested', 'first_signed_at', 'valid_before', 'failures', 'retry_at'],
    ...['tx_hash', 'block_number', 'outside_reference', 'reorgs'],
  ],
  'payments.settlement': [
    ...['status', 'mined_tx_hash', 'mined_block_number', 'mined_block_hash', 'receipt_ok', 'gas_used'],
    ...['gas_price_wei', 'gas_cost_wei', 'trouble', 'final_at', 'cancel_requested'],
  ],
  'payments.settlement_item': ['outcome'],
  'payments.attempt': [
    ...['send_state', 'first_sent_at', 'last_sent_at', 'send_count', 'last_error_class', 'last_error'],
  ],
};

class RolledBack extends Error {}

describe('what was changed behind the back of the books', () => {
  let books: TestBooks;

  beforeAll(async () => {
    books = await openTestBooks();
    await fillBooks(books);
    const sealing = new Sealing(books.database);
    while (await sealing.sealNext({ rowsPerTable: 40 }));
  });
  afterAll(async () => {
    await books.close();
  });

  /** What is found after `change`, which is undone. */
  const findingsAfter = async <T>(
    change: (tx: EntityManager) => Promise<T>,
  ): Promise<{ findings: Finding[]; changed: T }> => {
    let outcome: { findings: Finding[]; changed: T } | undefined;
    await books.owner
      .transaction('REPEATABLE READ', async (tx) => {
        const changed = await change(tx);
        const { checks } = await verifyBooks(tx);
        outcome = { findings: checks.flatMap(({ findings }) => findings), changed };
        throw new RolledBack();
      })
      .catch((error: unknown) => {
        if (!(error instanceof RolledBack)) throw error;
      });
    if (!outcome) throw new Error('nothing was verified');
    return outcome;
  };

  /** Columns of `tables` of which a change is not found by the name of the row. */
  const unnoticed = async (tables: readonly string[]): Promise<string[]> => {
    const missed: string[] = [];
    for (const column of await columnsOf(books.owner.manager, tables)) {
      if (states[column.table]?.includes(column.column)) continue;
      const { findings, changed } = await findingsAfter((tx) => tamper(tx, column));
      const isNamed = findings.some(({ table, row }) => table === column.table && changed.includes(row));
      if (!isNamed) missed.push(`${column.table}.${column.column}: ${JSON.stringify({ changed, findings })}`);
    }
    return missed;
  };

  const problems = ({ findings }: { findings: Finding[] }): string[] =>
    findings.map(({ table, row, problem }) => `${table} ${row} ${problem}`);

  it('is found and named, whatever column of a sealed table it was', async () => {
    const rows = await selectRows(
      books.owner,
      z.object({ name: z.string() }),
      'select name from ledger.sealed_table order by name',
    );
    const sealed = rows.map(({ name }) => name);
    expect(sealed).toEqual(
      expect.arrayContaining(['payments.assessment', 'payments.evidence', 'payments.rate']),
    );
    expect(await unnoticed(sealed)).toEqual([]);
  }, 300_000);

  it('is found and named, whatever column of a transfer or a balance it was', async () => {
    expect(await unnoticed(['ledger.transfer', 'ledger.account_balance'])).toEqual([]);
  }, 120_000);

  it('is found, whatever column of a seal or its parts it was', async () => {
    for (const column of await columnsOf(books.owner.manager, ['ledger.seal', 'ledger.seal_part'])) {
      const { findings } = await findingsAfter((tx) => tamper(tx, column));
      const tables = findings.map(({ table }) => table);
      // A wrong root or wrong fingerprints do not bring rows into disrepute that fit the rest.
      expect({ column, tables }).toEqual({
        column,
        tables: expect.arrayContaining([expect.stringMatching(/^ledger\.seal/)]),
      });
    }
  }, 120_000);

  it.each([
    ['payments.evidence', 'assessment_id'],
    ['payments.audit', 'id'],
    ['payments.assessment', 'id'],
    ['ledger.journal_entry', 'id'],
  ])('is named when a row of %s was removed', async (table) => {
    const { findings, changed } = await findingsAfter(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      const [column] = table.includes('audit') || table.startsWith('ledger') ? ['id'] : ['seq'];
      const rows = await selectRows(
        tx,
        z.object({ n: z.string() }),
        `delete from ${table} where ${column} = (select max(${column}) - 1 from ${table}) returning ${column}::text as n`,
      );
      return `${column}=${rows[0]?.n ?? ''}`;
    });
    expect(findings).toContainEqual({ table, row: changed, problem: 'was removed' });
  });

  it('is named when a row was put among those that are sealed', async () => {
    const found = await findingsAfter(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      await tx.query(
        `insert into payments.audit (id, actor, action, subject) overriding system value values (-5, 'nobody', 'x', 'x')`,
      );
      await tx.query(
        `insert into ledger.transfer (effective_at, journal_entry_id, debit_account_id, credit_account_id, amount, kind)
           select effective_at, journal_entry_id, credit_account_id, debit_account_id, amount, kind
             from ledger.transfer where kind = 'paid'`,
      );
    });
    expect(problems(found)).toEqual(
      expect.arrayContaining([
        'payments.audit id=-5 was added afterwards',
        expect.stringMatching(/^ledger\.journal_entry id=\d+ has 2 transfers and says 1$/),
      ]),
    );
  });

  it('is found when a transfer went to another entry of the same time', async () => {
    const found = await findingsAfter(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      await tx.query(
        `update ledger.transfer set journal_entry_id = (select max(id) from ledger.journal_entry where kind = 'adjustment')
          where journal_entry_id = (select min(id) from ledger.journal_entry where kind = 'adjustment')`,
      );
    });
    expect(problems(found)).toEqual([
      expect.stringMatching(/^ledger\.journal_entry id=\d+ has no transfers$/),
      expect.stringMatching(/^ledger\.journal_entry id=\d+ has 2 transfers and says 1$/),
      expect.stringMatching(
        /^ledger\.journal_entry id=\d+ its transfers add up to 6000000, and it says 1000000$/,
      ),
      expect.stringMatching(/^ledger\.journal_entry id=\d+ its content hash does not fit/),
    ]);
  });

  it('is found when content hash and balance were changed along with the transfer', async () => {
    const found = await findingsAfter(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      const entry = `(select min(id) from ledger.journal_entry where kind = 'adjustment')`;
      await tx.query(`update ledger.transfer set amount = amount + 5 where journal_entry_id = ${entry}`);
      await tx.query(
        `update ledger.journal_entry e set total = total + 5, content_hash = sha256(
             decode('01', 'hex') || sha256(convert_to(e.kind, 'UTF8')) || int8send((extract(epoch from e.effective_at) * 1000)::bigint)
             || sha256(convert_to(e.idempotency_key, 'UTF8')) || sha256(convert_to(e.meta::text, 'UTF8')) || int8send(0)
             || sha256(sha256(convert_to(d.code, 'UTF8')) || sha256(convert_to(c.code, 'UTF8')) || int8send(t.amount)))
           from ledger.transfer t, ledger.account d, ledger.account c
          where e.id = ${entry} and t.journal_entry_id = e.id and d.id = t.debit_account_id and c.id = t.credit_account_id`,
      );
      await tx.query('select ledger.rebuild_balances()');
    });
    expect(problems(found)).toEqual([expect.stringMatching(/^ledger\.journal_entry id=\d+ was changed$/)]);
  });

  it('is found when the newest seals were cut off, by the head that somebody noted', async () => {
    const heads = await selectRows(
      books.owner,
      z.object({ hash: z.string() }),
      `select encode(hash, 'hex') as hash from ledger.seal order by sequence desc limit 1`,
    );
    await books.owner
      .transaction('REPEATABLE READ', async (tx) => {
        await tx.query('set local session_replication_role = replica');
        await tx.query(
          'delete from ledger.seal_part where seal_sequence = (select max(sequence) from ledger.seal)',
        );
        await tx.query('delete from ledger.seal where sequence = (select max(sequence) from ledger.seal)');
        expect((await verifyBooks(tx)).ok).toBe(true);
        const { ok, checks } = await verifyBooks(tx, { notedHead: heads[0]?.hash });
        expect({ ok, problem: checks[0]?.findings[0]?.problem }).toEqual({
          ok: false,
          problem: expect.stringContaining('the chain was rewritten or cut'),
        });
        throw new RolledBack();
      })
      .catch((error: unknown) => {
        if (!(error instanceof RolledBack)) throw error;
      });
  });

  it('is found when a table is no longer sealed, or its writers no longer wait', async () => {
    const found = await findingsAfter(async (tx) => {
      await tx.query(`delete from ledger.sealed_table where name = 'payments.rate'`);
      await tx.query('alter table payments.evidence disable trigger hold_seal');
    });
    expect(problems(found)).toEqual([
      'payments.evidence  its writers no longer wait for the seal',
      'ledger.sealed_table name=payments.rate is gone: the table is no longer sealed',
    ]);
  });
});
