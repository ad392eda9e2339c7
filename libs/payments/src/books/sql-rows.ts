import type { DataSource, EntityManager } from 'typeorm';
import { z } from 'zod';

/** Anything that runs SQL: inside a transaction always the transaction's own manager. */
export type Sql = Pick<EntityManager | DataSource, 'query'>;

/** `bigint` and `numeric` without a fraction arrive from pg as strings. */
export const sqlBigint = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);

/** `timestamptz(3)`: a JavaScript `Date` holds it exactly. */
export const sqlTime = z.date();

export const sqlJson = z.unknown();

/** TypeORM answers `[rows, count]` to UPDATE and DELETE, rows to everything else. */
const returned = (answer: unknown): unknown =>
  Array.isArray(answer) && answer.length === 2 && Array.isArray(answer[0]) && typeof answer[1] === 'number'
    ? answer[0]
    : answer;

/** Runs a statement and parses each row that it returns. */
export async function selectRows<S extends z.ZodType>(
  sql: Sql,
  row: S,
  text: string,
  parameters: readonly unknown[] = [],
): Promise<z.output<S>[]> {
  const answer: unknown = await sql.query(text, [...parameters]);
  return z.array(row).parse(returned(answer));
}

/** The first row, or undefined. */
export async function selectRow<S extends z.ZodType>(
  sql: Sql,
  row: S,
  text: string,
  parameters: readonly unknown[] = [],
): Promise<z.output<S> | undefined> {
  const [first] = await selectRows(sql, row, text, parameters);
  return first;
}
