import { z } from 'zod';

import { type Sql, selectRow } from '../books/sql-rows.js';
import { DatabaseNotEmptyError } from './backup-errors.js';
import { presentSchemas } from './books-catalogue.js';

const bookRow = z.object({ ledger_id: z.uuid(), entries: z.string() });
const existsRow = z.object({ exists: z.boolean() });

const exists = async (sql: Sql, relation: string): Promise<boolean> =>
  (await selectRow(sql, existsRow, 'select to_regclass($1) is not null as exists', [relation]))?.exists ===
  true;

/** Neither books nor what they are made of may be there. @throws DatabaseNotEmptyError that names what was found */
export async function refuseUnlessEmpty(sql: Sql): Promise<void> {
  if ((await exists(sql, 'payments.book')) && (await exists(sql, 'ledger.journal_entry'))) {
    const book = await selectRow(
      sql,
      bookRow,
      'select ledger_id, (select count(*) from ledger.journal_entry) as entries from payments.book',
    );
    if (book) {
      throw new DatabaseNotEmptyError(`the ledger ${book.ledger_id} with ${book.entries} journal entries`);
    }
  }
  const [schema] = await presentSchemas(sql);
  if (schema) throw new DatabaseNotEmptyError(`the schema ${schema.schema} with ${schema.relations} tables`);
  if (await exists(sql, 'public.schema_migration')) {
    throw new DatabaseNotEmptyError('the table public.schema_migration');
  }
}
