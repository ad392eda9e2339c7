import { z } from 'zod';

import { type Sql, selectRow, selectRows, sqlBigint } from '../books/sql-rows.js';
import { numbersIn, type SealPart } from './seal-chain.js';

/** What a table has now. */
export interface TableShape {
  columns: ReadonlySet<string>;
  primaryKey: readonly string[];
  /** Whether its writers take the lock that a seal waits for. */
  holdsSeals: boolean;
}

const shapeRow = z.object({
  name: z.string(),
  columns: z.array(z.string()),
  primary_key: z.array(z.string()),
  holds_seals: z.boolean(),
});

/** Every table of the books that exists. Asks the catalogue only. */
export async function tableShapes(sql: Sql): Promise<ReadonlyMap<string, TableShape>> {
  const rows = await selectRows(
    sql,
    shapeRow,
    `select n.nspname || '.' || c.relname as name,
            array(select a.attname::text from pg_attribute a
                   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
            array(select a.attname::text from pg_index i
                    join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
                   where i.indrelid = c.oid and i.indisprimary
                   order by array_position(i.indkey::int2[], a.attnum)) as primary_key,
            exists (select 1 from pg_trigger t
                     where t.tgrelid = c.oid and t.tgname = 'hold_seal' and t.tgenabled in ('O', 'A')) as holds_seals
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('ledger', 'payments') and c.relkind in ('r', 'p')`,
  );
  return new Map(
    rows.map(({ name, columns, primary_key, holds_seals }) => [
      name,
      { columns: new Set(columns), primaryKey: primary_key, holdsSeals: holds_seals },
    ]),
  );
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const quotedTable = (name: string): string => name.split('.').map(quoted).join('.');
export const orderColumn = (part: SealPart): string => quoted(part.columns[0] ?? '');

/** The least bigint: the first part of a table has every row before its last one. */
const beforeEveryRow = -(2n ** 63n);

/** The leaves of a part's rows as they are now, in the words of ledger.seal_next(), but with nothing that the books define. */
function leaves(part: SealPart, alsoSelect = ''): { text: string; parameters: string[] } {
  const number = orderColumn(part);
  const after = part.afterRow === beforeEveryRow ? '' : `and ${number} > $2::bigint`;
  return {
    text: `select ${number}::bigint as n,
                  sha256(convert_to(jsonb_build_array(${part.columns.map(quoted).join(', ')})::text, 'UTF8')) as hash ${alsoSelect}
             from ${quotedTable(part.tableName)} where ${number} <= $1::bigint ${after}`,
    parameters: [part.lastRow.toString(), ...(after === '' ? [] : [part.afterRow.toString()])],
  };
}

const rootRow = z.object({
  row_count: z.int(),
  row_numbers: z.string().nullable(),
  root: z.instanceof(Buffer).nullable(),
});

/** Whether the rows of a part are those that were sealed. */
export async function rowsAreAsSealed(sql: Sql, part: SealPart): Promise<boolean> {
  const { text, parameters } = leaves(part);
  const now = await selectRow(
    sql,
    rootRow,
    `with leaf as (${text})
     select count(*)::int as row_count, range_agg(int8range(n, n, '[]'))::text as row_numbers,
            sha256(string_agg(hash, ''::bytea order by n)) as root from leaf`,
    parameters,
  );
  if (!now?.root) return false;
  return now.row_count === part.rowCount && now.row_numbers === part.rowNumbers && now.root.equals(part.root);
}

export interface RowDifference {
  row: string;
  problem: 'was changed' | 'was removed' | 'was added afterwards';
}

const fingerprintRow = z.object({ n: sqlBigint, fingerprint: z.instanceof(Buffer), key: z.string() });
const FINGERPRINT_BYTES = 8;

/** The rows of a part that are not those that were sealed, by their fingerprints. */
export async function differences(
  sql: Sql,
  part: SealPart,
  { primaryKey }: TableShape,
  fingerprints: Buffer,
): Promise<RowDifference[]> {
  const key = primaryKey
    .map((column) => `'${column.replaceAll("'", "''")}=' || ${quoted(column)}`)
    .join(`, `);
  const { text, parameters } = leaves(part, `, concat_ws(', ', ${key}) as key`);
  const rows = await selectRows(
    sql,
    fingerprintRow,
    `select n, substring(hash for ${FINGERPRINT_BYTES}) as fingerprint, key from (${text}) leaf order by n`,
    parameters,
  );
  const sealed = new Map<bigint, Buffer>();
  let offset = 0;
  for (const number of numbersIn(part.rowNumbers)) {
    sealed.set(number, fingerprints.subarray(offset, (offset += FINGERPRINT_BYTES)));
  }
  const found: RowDifference[] = [];
  for (const { n, fingerprint, key: row } of rows) {
    const expected = sealed.get(n);
    sealed.delete(n);
    if (!expected) found.push({ row, problem: 'was added afterwards' });
    else if (!expected.equals(fingerprint)) found.push({ row, problem: 'was changed' });
  }
  const name = part.columns[0] ?? '';
  for (const number of sealed.keys()) found.push({ row: `${name}=${number}`, problem: 'was removed' });
  return found;
}
