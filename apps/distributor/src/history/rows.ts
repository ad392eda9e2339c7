import { type DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';

/** `bigint` arrives from pg as a string. */
export const wholeNumber = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);

/** Runs a query and parses each of its rows. */
export async function rowsOf<S extends z.ZodType>(
  sql: Pick<DataSource | EntityManager, 'query'>,
  row: S,
  text: string,
  parameters: readonly unknown[] = [],
): Promise<z.output<S>[]> {
  return z.array(row).parse(await sql.query(text, [...parameters]));
}
