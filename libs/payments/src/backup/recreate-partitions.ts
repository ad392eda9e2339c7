import { escapeLiteral } from 'pg';
import { z } from 'zod';

import { type Sql, selectRows } from '../books/sql-rows.js';
import { errorCode } from '#platform';
import { type BackedUpPartition, qualified } from './backup-format.js';
import { booksPartitions } from './books-catalogue.js';

const triggerRow = z.object({ definition: z.string() });

/**
 * Makes the partitions of the backup that migrations of today do not make, because their time is over. Call it before
 * rows are loaded. A range that is covered otherwise is left as it is: its rows find their way.
 */
export async function recreatePartitions(sql: Sql, partitions: readonly BackedUpPartition[]): Promise<void> {
  const present = await booksPartitions(sql);
  const names = new Set(present.map(qualified));
  for (const partition of partitions) {
    if (names.has(qualified(partition))) continue;
    const sibling = present.find(
      ({ schema, parent }) => schema === partition.schema && parent === partition.parent,
    );
    await sql.query('savepoint partition');
    try {
      await sql.query(createText(partition));
      if (sibling) for (const text of await ownTriggers(sql, sibling, partition)) await sql.query(text);
    } catch (error) {
      if (errorCode(error) !== overlaps) throw error;
      await sql.query('rollback to savepoint partition');
    }
    await sql.query('release savepoint partition');
  }
}

/** invalid_object_definition: the range overlaps another partition's. */
const overlaps = '42P17';

function createText(partition: BackedUpPartition): string {
  const { schema, parent, from, to } = partition;
  const range = `from (${escapeLiteral(from)}) to (${escapeLiteral(to)})`;
  return `create table ${qualified(partition)} partition of ${qualified({ schema, name: parent })} for values ${range}`;
}

/** Triggers that a partition has of itself, such as against TRUNCATE; those of rows come from the parent. */
async function ownTriggers(sql: Sql, sibling: BackedUpPartition, partition: BackedUpPartition) {
  const rows = await selectRows(
    sql,
    triggerRow,
    `select replace(pg_get_triggerdef(t.oid), ' ON ' || t.tgrelid::regclass::text || ' ', ' ON ' || $2 || ' ') as definition
       from pg_trigger t
      where t.tgrelid = $1::regclass and not t.tgisinternal and t.tgparentid = 0 order by t.tgname`,
    [qualified(sibling), qualified(partition)],
  );
  return rows.map(({ definition }) => definition);
}
