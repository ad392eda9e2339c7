import { z } from 'zod';

import { type Sql, selectRow, selectRows } from '../books/sql-rows.js';
import {
  type BackedUpPartition,
  type BackedUpSequence,
  type BackedUpTable,
  qualified,
} from './backup-format.js';
import { loadOrder } from './load-order.js';

/** Everything that the migrations make lies here. */
const schemas = ['ledger', 'payments'];

export type BooksTable = Omit<BackedUpTable, 'rows'>;

const tableRow = z.object({ schema: z.string(), name: z.string(), columns: z.array(z.string()) });
const referenceRow = z.object({ from: z.string(), to: z.string() });

/**
 * The tables of the books in an order that foreign keys allow, whatever migrations made them: partitioned ones without
 * their partitions, columns without those that the database computes.
 */
export async function booksTables(sql: Sql): Promise<BooksTable[]> {
  const tables = await selectRows(
    sql,
    tableRow,
    `select n.nspname as schema, c.relname as name,
            array(select a.attname::text from pg_attribute a
                   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                   order by a.attnum) as columns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any ($1) and c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'`,
    [schemas],
  );
  const references = await selectRows(
    sql,
    referenceRow,
    `select format('%I.%I', fn.nspname, f.relname) as from, format('%I.%I', tn.nspname, t.relname) as to
       from pg_constraint k
       join pg_class f on f.oid = k.conrelid join pg_namespace fn on fn.oid = f.relnamespace
       join pg_class t on t.oid = k.confrelid join pg_namespace tn on tn.oid = t.relnamespace
      where k.contype = 'f' and k.conparentid = 0 and fn.nspname = any ($1)`,
    [schemas],
  );
  const byName = new Map(tables.map((table) => [`${table.schema}.${table.name}`, table]));
  return loadOrder([...byName.keys()], references).flatMap((name) => byName.get(name) ?? []);
}

const partitionRow = z.object({
  schema: z.string(),
  name: z.string(),
  parent: z.string(),
  bound: z.string(),
});

/** The partitions of ranges of time. Bounds are read in the session's time zone, which is UTC (`openConnection`). */
export async function booksPartitions(sql: Sql): Promise<BackedUpPartition[]> {
  const rows = await selectRows(
    sql,
    partitionRow,
    `select n.nspname as schema, c.relname as name, p.relname as parent, pg_get_expr(c.relpartbound, c.oid) as bound
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_inherits i on i.inhrelid = c.oid join pg_class p on p.oid = i.inhparent
      where n.nspname = any ($1) and c.relispartition and c.relkind = 'r' order by 1, 2`,
    [schemas],
  );
  return rows.flatMap(({ bound, ...partition }) => {
    const [, from, to] = /^FOR VALUES FROM \('([^']+)'\) TO \('([^']+)'\)$/.exec(bound) ?? [];
    return from === undefined || to === undefined ? [] : [{ ...partition, from, to }];
  });
}

const nameRow = z.object({ schema: z.string(), name: z.string() });
const sequenceRow = z.object({ last_value: z.string(), is_called: z.boolean() });

/** Where each sequence stands. Sequences are outside of every snapshot: read late, they only leave larger holes. */
export async function booksSequences(sql: Sql): Promise<BackedUpSequence[]> {
  const names = await selectRows(
    sql,
    nameRow,
    `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any ($1) and c.relkind = 'S' order by 1, 2`,
    [schemas],
  );
  const sequences: BackedUpSequence[] = [];
  for (const name of names) {
    const row = await selectRow(sql, sequenceRow, `select last_value, is_called from ${qualified(name)}`);
    if (row) sequences.push({ ...name, ...row });
  }
  return sequences;
}

const triggerRow = z.object({
  schema: z.string(),
  table: z.string(),
  name: z.string(),
  enabled: z.enum(['O', 'A', 'R']),
});
export type BooksTrigger = z.output<typeof triggerRow>;

/** The triggers that migrations made and that are not switched off, those of partitions too. */
export const booksTriggers = (sql: Sql): Promise<BooksTrigger[]> =>
  selectRows(
    sql,
    triggerRow,
    `select n.nspname as schema, c.relname as table, t.tgname as name, t.tgenabled as enabled
       from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any ($1) and not t.tgisinternal and t.tgenabled <> 'D' order by 1, 2, 3`,
    [schemas],
  );

const presenceRow = z.object({ schema: z.string(), relations: z.int() });

/** Schemas of the books that exist in this database, with the number of their tables. */
export const presentSchemas = (sql: Sql) =>
  selectRows(
    sql,
    presenceRow,
    `select n.nspname as schema, count(c.oid)::int as relations
       from pg_namespace n left join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p')
      where n.nspname = any ($1) group by 1 order by 1`,
    [schemas],
  );
