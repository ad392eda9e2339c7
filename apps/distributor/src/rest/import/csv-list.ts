import { Problem } from '#platform';
import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';

/** One line of a list before it is checked: a body as `POST /orchestrators` takes it, and where it stands. */
export interface ListedRow {
  body: unknown;
  /** The line of a CSV file on which it ends; of a record over several lines the last one. */
  line: number | null;
  /** Why it could not even be taken apart. */
  fault: string | null;
}

const columns = [
  'service_uri',
  'worker_address',
  'name',
  'worker_url',
  'payout_address',
  'rate_usd_per_minute',
  'min_uptime',
  'required_services',
] as const;
type Column = (typeof columns)[number];

const required: readonly Column[] = ['service_uri', 'worker_address'];

const parsed = z.array(z.object({ record: z.array(z.string()), info: z.object({ lines: z.int() }) }));

/** @throws Problem for what is no CSV, and for a header row that says other columns than ours */
export function readCsvList(text: string): ListedRow[] {
  const [head, ...lines] = parsed.parse(take(text));
  if (!head) throw refused('The file has no header row', 'header');
  const header = readHeader(head.record);
  return lines.map(({ record, info }) => ({
    body: Object.fromEntries(
      header.flatMap((column, index) => {
        const cell = record[index]?.trim() ?? '';
        return cell === '' ? [] : [[column, valueOf(column, cell)]];
      }),
    ),
    line: info.lines,
    fault:
      record.length === header.length
        ? null
        : `has ${record.length} fields, and the header row has ${header.length}`,
  }));
}

function take(text: string): unknown {
  try {
    return parse(text, { bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new Problem({ status: 400, detail: `The file is not CSV as RFC 4180 has it: ${error.message}` });
  }
}

function readHeader(cells: readonly string[]): Column[] {
  const header = cells.map((cell) => {
    const name = cell.trim().toLowerCase();
    const column = columns.find((known) => known === name);
    if (!column) throw refused(`is not a column of this list; there are ${columns.join(', ')}`, name);
    return column;
  });
  for (const [index, column] of header.entries()) {
    if (header.indexOf(column) !== index) throw refused('stands twice in the header row', column);
  }
  for (const column of required) {
    if (!header.includes(column)) throw refused('is missing in the header row', column);
  }
  return header;
}

/** As JSON would have it: what is no number stays text, and the schema says so. */
function valueOf(column: Column, cell: string): unknown {
  if (column === 'min_uptime' && /^\d{1,3}(\.\d{1,9})?$/.test(cell)) return Number(cell);
  if (column === 'required_services') return cell.split(/[;|]/);
  return cell;
}

const refused = (detail: string, field: string) =>
  new Problem({
    status: 400,
    detail: /^[a-z]/.test(detail) ? `${field} ${detail}` : detail,
    errors: [{ field, detail }],
  });
