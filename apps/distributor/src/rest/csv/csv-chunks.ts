import { formatUsd } from '#payments';
import { stringify } from 'csv-stringify/sync';

/** `bigint` is money in micro-dollars. */
export type CsvValue = string | number | bigint | Date | null;

/** Name of the column → its value in a row. */
export type CsvColumns<Row> = Readonly<Record<string, (row: Row) => CsvValue>>;

/**
 * RFC 4180, with a header row. Text that a spreadsheet would take for a formula gets an apostrophe in front; amounts are
 * numbers and keep their minus.
 */
const lines = (records: readonly (readonly CsvValue[])[]): Buffer =>
  Buffer.from(
    stringify(
      records.map((record) => [...record]),
      {
        record_delimiter: 'windows',
        escape_formulas: true,
        cast: { bigint: formatUsd, date: (date) => date.toISOString() },
      },
    ),
  );

export async function* csvChunks<Row>(
  columns: CsvColumns<Row>,
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Buffer, void, undefined> {
  const values = Object.values(columns);
  yield lines([Object.keys(columns)]);
  for await (const rows of batches) {
    if (rows.length > 0) yield lines(rows.map((row) => values.map((value) => value(row))));
  }
}
