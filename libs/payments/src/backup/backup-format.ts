import { escapeIdentifier } from 'pg';
import { z } from 'zod';

import { booksSummarySchema } from './books-summary.js';

/**
 * A backup is a gzipped psql script for migrated, empty books: two comments (this format's name, and the header as one
 * line of JSON), one COPY block for each table in an order that foreign keys allow, and a comment with the checksum, in a
 * gzip member of its own (checksum-member.ts). docs/backup.md describes it for people.
 */
export const BACKUP_VERSION = 1;

export const firstLine = (version: number = BACKUP_VERSION): string =>
  `-- uptime-payroll books, backup version ${version}`;

/** The version that a first line names; undefined when it is no backup's. */
export function versionOf(line: string): number | undefined {
  const [, version] = /^-- uptime-payroll books, backup version (\d{1,6})$/.exec(line) ?? [];
  return version === undefined ? undefined : Number(version);
}

const name = z.string().min(1).max(63);
const boundary = z.string().regex(/^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d\+00$/);

const tableSchema = z.object({
  schema: name,
  name,
  columns: z.array(name).min(1),
  rows: z.int().min(0),
});

/** A partition of a range of time; rows outside of all of them lie in the default partition. */
const partitionSchema = z.object({ schema: name, name, parent: name, from: boundary, to: boundary });

const sequenceSchema = z.object({
  schema: name,
  name,
  last_value: z.string().regex(/^-?\d{1,19}$/),
  is_called: z.boolean(),
});

export const backupHeaderSchema = z.object({
  taken_at: z.iso.datetime(),
  server_version: z.string(),
  migrations: z.array(z.object({ name: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })).min(1),
  /** In the order of the blocks. */
  tables: z.array(tableSchema).min(1),
  partitions: z.array(partitionSchema),
  sequences: z.array(sequenceSchema),
  /** What stands in the books, for people and for the check after the restore. */
  books: booksSummarySchema,
});

export type BackupHeader = z.output<typeof backupHeaderSchema>;
export type BackedUpTable = z.output<typeof tableSchema>;
export type BackedUpPartition = z.output<typeof partitionSchema>;
export type BackedUpSequence = z.output<typeof sequenceSchema>;
export type BackedUpMigration = BackupHeader['migrations'][number];

export const headerLine = (header: BackupHeader): string => `-- ${JSON.stringify(header)}`;

export const qualified = ({ schema, name }: { schema: string; name: string }): string =>
  `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;

export const columnList = (columns: readonly string[]): string => columns.map(escapeIdentifier).join(', ');

/** Opens a block of rows in COPY's text format; `END_OF_ROWS` closes it. */
export const copyLine = (table: Pick<BackedUpTable, 'schema' | 'name' | 'columns'>): string =>
  `COPY ${qualified(table)} (${columnList(table.columns)}) FROM stdin;`;

/** No row looks like it: COPY escapes every backslash. */
export const END_OF_ROWS = '\\.';
