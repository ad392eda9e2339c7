import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { selectRow, selectRows } from '../../books/sql-rows.js';

export interface Column {
  /** With its schema. */
  table: string;
  column: string;
}

const identifier = (name: string): string => `"${name}"`;

/** Another value of the same type than any that is there. */
function otherValue(type: string, column: string): string {
  switch (type) {
    case 'ARRAY':
      return `array_append(${column}, 'tampered')`;
    case 'boolean':
      return `not coalesce(${column}, false)`;
    case 'bytea':
      return `set_byte(${column}, 0, get_byte(${column}, 0) # 1)`;
    case 'jsonb':
      return `coalesce(${column}, '{}') || '{"tampered": true}'`;
    case 'text':
      return `coalesce(${column}, '') || 'x'`;
    case 'uuid':
      return 'gen_random_uuid()';
    case 'timestamp with time zone':
      return `coalesce(${column}, now()) + interval '1 second'`;
    case 'int8multirange':
      return `${column} + '{[1000000,1000001)}'`;
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'numeric':
      return `coalesce(${column}, 0) + 1000`;
    default:
      throw new Error(`the test cannot change a ${type}`);
  }
}

const typeRow = z.object({ data_type: z.string(), is_generated: z.string(), is_identity: z.string() });
const keyRow = z.object({ key: z.string() });

const primaryKeyOf = async (tx: EntityManager, table: string): Promise<string> => {
  const columns = await selectRows(
    tx,
    z.object({ name: z.string() }),
    `select a.attname::text as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
      where i.indrelid = $1::regclass and i.indisprimary
      order by array_position(i.indkey::int2[], a.attnum)`,
    [table],
  );
  return `concat_ws(', ', ${columns.map(({ name }) => `'${name}=' || "${name}"`).join(', ')})`;
};

/** All that keeps honest people from changing rows; a superuser needs no more than this to be rid of it. */
async function disarm(tx: EntityManager, { table, column }: Column): Promise<string> {
  await tx.query(`set local session_replication_role = replica`);
  const constraints = await selectRows(
    tx,
    z.object({ name: z.string() }),
    `select conname::text as name from pg_constraint where conrelid = $1::regclass and contype in ('c', 'u', 'x')`,
    [table],
  );
  for (const { name } of constraints)
    await tx.query(`alter table ${table} drop constraint ${identifier(name)}`);
  const kind = await selectRow(
    tx,
    typeRow,
    `select data_type, is_generated, is_identity from information_schema.columns
      where table_schema || '.' || table_name = $1 and column_name = $2`,
    [table, column],
  );
  if (!kind) throw new Error(`${table} has no ${column}`);
  const change = `alter table ${table} alter column ${identifier(column)}`;
  if (kind.is_generated === 'ALWAYS') await tx.query(`${change} drop expression`);
  if (kind.is_identity === 'YES') await tx.query(`${change} drop identity`);
  return kind.data_type;
}

/** Changes one column of one row as a superuser can. The names of the row before and after, and by the column itself. */
export async function tamper(tx: EntityManager, target: Column, where = 'true'): Promise<string[]> {
  const { table, column } = target;
  const key = await primaryKeyOf(tx, table);
  const type = await disarm(tx, target);
  const row = `(tableoid, ctid) = (select tableoid, ctid from ${table} where ${where} order by tableoid, ctid limit 1)`;
  const before = await selectRow(
    tx,
    keyRow.extend({ value: z.string().nullable() }),
    `select ${key} as key, ${identifier(column)}::text as value from ${table} where ${row}`,
  );
  if (!before) throw new Error(`${table} has no row to change`);
  const after = await selectRow(
    tx,
    keyRow,
    `update ${table} set ${identifier(column)} = ${otherValue(type, identifier(column))} where ${row} returning ${key} as key`,
  );
  return [before.key, after?.key ?? before.key, `${column}=${before.value ?? ''}`];
}

/** Every column of these tables. */
export const columnsOf = (tx: EntityManager, tables: readonly string[]): Promise<Column[]> =>
  selectRows(
    tx,
    z.object({ table: z.string(), column: z.string() }),
    `select table_schema || '.' || table_name as "table", column_name as "column" from information_schema.columns
      where table_schema || '.' || table_name = any ($1) order by 1, ordinal_position`,
    [tables],
  );
