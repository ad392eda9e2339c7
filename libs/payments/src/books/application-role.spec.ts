import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { applicationRole } from '../migrations/folder.js';
import { openTestBooks, type TestBooks } from '../../testing/test-books.js';

/** Tables whose rows are work or states; every other one holds facts. */
const changing = new Set([
  'payments.alert',
  'payments.alert_condition',
  'payments.alert_delivery',
  'payments.alert_event',
  'payments.alert_silence',
  'payments.assessment_progress',
  'payments.attempt',
  'payments.authorization_scan',
  'payments.book',
  'payments.lane',
  'payments.payout',
  'payments.late_request',
  'payments.pending_assessment',
  'payments.settlement',
  'payments.settlement_control',
  'payments.settlement_item',
  'payments.treasury_movement',
]);

const tableRow = z.object({ name: z.string(), rights: z.array(z.string()) });

let books: TestBooks;

beforeAll(async () => {
  books = await openTestBooks();
});
afterAll(() => books.close());

async function tables(): Promise<z.output<typeof tableRow>[]> {
  const rows: unknown = await books.owner.query(
    `select c.oid::regclass::text as name,
            array(select r from unnest(array['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) r
                   where has_table_privilege($1, c.oid, r)
                      or (r = 'UPDATE' and has_any_column_privilege($1, c.oid, 'UPDATE'))) as rights
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('ledger', 'payments') and c.relkind in ('r', 'p') order by 1`,
    [applicationRole],
  );
  return z.array(tableRow).parse(rows);
}

describe('the role of the application', () => {
  it('owns nothing and is no superuser', async () => {
    expect(
      await books.owner.query(
        `select rolsuper, rolcreaterole, rolcanlogin, rolbypassrls,
                (select count(*)::int from pg_class c where c.relowner = r.oid) as tables
           from pg_roles r where rolname = $1`,
        [applicationRole],
      ),
    ).toEqual([
      { rolsuper: false, rolcreaterole: false, rolcanlogin: false, rolbypassrls: false, tables: 0 },
    ]);
  });

  it('may add facts but has no right to edit, delete or truncate them, whatever the triggers do', async () => {
    const facts = (await tables()).filter(({ name }) => !changing.has(name));
    expect(facts.length).toBeGreaterThan(15);
    expect(facts.filter(({ rights }) => rights.length > 0)).toEqual([]);
  });

  it('truncates nothing and deletes nothing but work that is done', async () => {
    const all = await tables();
    const holding = (right: string) =>
      all.filter(({ rights }) => rights.includes(right)).map(({ name }) => name);
    expect(holding('TRUNCATE')).toEqual([]);
    expect(holding('TRIGGER')).toEqual([]);
    expect(holding('DELETE')).toEqual([
      'payments.alert_condition',
      'payments.alert_delivery',
      'payments.alert_event',
      'payments.late_request',
      'payments.pending_assessment',
    ]);
  });

  it.each([
    'insert into ledger.transfer select * from ledger.transfer',
    'update ledger.account_balance set credits = credits + 1',
    "update payments.payout set amount_micro_usd = 1, payout_address = '0x'",
    "set session_replication_role = 'replica'",
    'alter table payments.assessment disable trigger all',
    'select ledger.rebuild_balances()',
    'create table payments.mine (id int)',
  ])('is refused: %s', async (sql) => {
    await expect(books.database.dataSource.query(sql)).rejects.toThrow(/permission denied|must be owner/);
  });
});
