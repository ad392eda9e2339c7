import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { selectRows, sqlBigint } from '../books/sql-rows.js';
import { Sealing } from './sealing.js';

describe('sealing', () => {
  let books: TestBooks;
  let sealing: Sealing;

  beforeEach(async () => {
    books = await openTestBooks();
    sealing = new Sealing(books.database);
  });
  afterEach(async () => {
    await books.close();
  });

  const audit = (action: string): [string, string[]] => [
    `insert into payments.audit (actor, action, subject) values ('test', $1, 'book')`,
    [action],
  ];
  const write = (action: string): Promise<unknown> => books.database.dataSource.query(...audit(action));

  /** Actions in the audit log of which a seal says that they are in it. */
  const sealedActions = async (): Promise<string[]> => {
    const rows = await selectRows(
      books.owner,
      z.object({ action: z.string() }),
      `select a.action from payments.audit a
         join ledger.seal_part p on p.table_name = 'payments.audit' and p.row_numbers @> a.id order by a.id`,
    );
    return rows.map(({ action }) => action);
  };

  const until = async (sql: string): Promise<void> => {
    for (;;) {
      const rows: unknown = await books.owner.query(sql);
      if (Array.isArray(rows) && rows.length > 0) return;
    }
  };

  /** A writer that holds its transaction open until it is told to end. */
  const openWriter = async (action: string) => {
    const runner = books.database.dataSource.createQueryRunner();
    await runner.connect();
    await runner.startTransaction();
    await runner.query(...audit(action));
    return {
      end: async (how: 'commit' | 'rollback') => {
        await (how === 'commit' ? runner.commitTransaction() : runner.rollbackTransaction());
        await runner.release();
      },
    };
  };

  it('chains what was written since, and finds nothing when nothing was', async () => {
    expect(await sealing.sealNext()).toBeNull();
    await write('one');
    const first = await sealing.sealNext();
    expect(first).toMatchObject({ sequence: 1n, rows: 1n, more: false });
    expect(await sealing.sealNext()).toBeNull();
    await write('two');
    await write('three');
    const second = await sealing.sealNext();
    expect(second).toMatchObject({ sequence: 2n, rows: 2n });
    const rows = await selectRows(
      books.owner,
      z.object({ previous_hash: z.instanceof(Buffer) }),
      'select previous_hash from ledger.seal where sequence = 2',
    );
    expect(rows[0]?.previous_hash.toString('hex')).toBe(first?.hash);
    expect(await sealedActions()).toEqual(['one', 'two', 'three']);
  });

  it('waits for a writer that began before others and commits after them', async () => {
    const late = await openWriter('late');
    await write('early');
    const sealed = sealing.sealNext();
    await until(`select 1 from pg_locks where locktype = 'advisory' and classid = 7241605 and not granted`);
    await late.end('commit');
    expect(await sealed).toMatchObject({ rows: 2n });
    expect(await sealedActions()).toEqual(['late', 'early']);
  });

  it('seals nothing of a table past a writer that takes too long, and skips nothing afterwards', async () => {
    await write('before');
    await sealing.sealNext();
    const late = await openWriter('late');
    const refused = await openWriter('refused');
    await write('early');
    expect(await sealing.sealNext()).toBeNull();
    await refused.end('rollback');
    await late.end('commit');
    expect(await sealing.sealNext()).toMatchObject({ sequence: 2n, rows: 2n });
    expect(await sealedActions()).toEqual(['before', 'late', 'early']);
  });

  it('is done once by two sealers at once', async () => {
    const other = new Sealing(await books.anotherReplica());
    for (let round = 1; round <= 5; round += 1) {
      await write(`round ${round}`);
      const seals = await Promise.all([sealing.sealNext(), other.sealNext(), sealing.sealNext()]);
      expect(seals.filter((seal) => seal !== null)).toHaveLength(1);
    }
    expect(await sealedActions()).toHaveLength(5);
  });

  it('goes through books that were never sealed in bounded steps', async () => {
    for (const action of ['1', '2', '3', '4', '5']) await write(action);
    const steps: unknown[] = [];
    for (let seal = await sealing.sealNext({ rowsPerTable: 2 }); seal;) {
      steps.push([seal.rows, seal.more]);
      seal = await sealing.sealNext({ rowsPerTable: 2 });
    }
    expect(steps).toEqual([
      [2n, true],
      [2n, true],
      [1n, false],
    ]);
    expect(await sealedActions()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('covers every table in which the application only adds rows', async () => {
    const rows = await selectRows(
      books.owner,
      z.object({ name: z.string() }),
      `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('ledger', 'payments') and c.relkind = 'r' and not c.relispartition
          and exists (select 1 from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'append_only')
          and not exists (select 1 from ledger.sealed_table s where s.name = n.nspname || '.' || c.relname)
        order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(['ledger.seal', 'ledger.seal_part']);
  });

  it('does the same whatever the session thinks about time zones and formats', async () => {
    await write('one');
    const runner = books.owner.createQueryRunner();
    const roots: string[] = [];
    for (const [zone, bytes, dates] of [
      ['UTC', 'hex', 'ISO'],
      ['Asia/Tokyo', 'escape', 'SQL, DMY'],
    ]) {
      await runner.startTransaction();
      await runner.query(`set local timezone = '${zone}'`);
      await runner.query(`set local bytea_output = '${bytes}'`);
      await runner.query(`set local datestyle = '${dates}'`);
      await runner.query('select ledger.note_cutoffs(), ledger.seal_next()');
      const parts = await selectRows(
        { query: (text: string) => runner.query(text) },
        z.object({ root: z.string(), n: sqlBigint }),
        `select encode(root, 'hex') as root, last_row as n from ledger.seal_part`,
      );
      roots.push(...parts.map(({ root }) => root));
      await runner.rollbackTransaction();
    }
    await runner.release();
    expect(roots).toHaveLength(2);
    expect(roots[0]).toBe(roots[1]);
  });
});
