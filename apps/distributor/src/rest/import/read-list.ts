import type { ImportFault, ImportRow } from '#payments';
import { fieldPath, Problem } from '#platform';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { createOrchestratorSchema, newOrchestrator } from '../orchestrators.wire.js';
import { CsvBody } from './accept-lists.js';
import { type ListedRow, readCsvList } from './csv-list.js';

/** Rows at most: what one transaction stores in seconds. */
const MAX_ROWS = 20_000;

/** Rows that are checked without letting anything else happen in this process. */
const AT_A_STRETCH = 500;

const jsonList = z.array(z.unknown());

/** @throws Problem for what is no list */
function listOf(body: unknown): ListedRow[] {
  if (body instanceof CsvBody) return readCsvList(body.text);
  const list = jsonList.safeParse(body);
  if (!list.success) throw new Problem({ status: 400, detail: 'The body must be a list of orchestrators.' });
  return list.data.map((item) => ({ body: item, line: null, fault: null }));
}

/** The rows that say what a payee needs, and what is wrong with the others, row by row. @throws Problem */
export async function readList(body: unknown): Promise<{ rows: ImportRow[]; faults: ImportFault[] }> {
  const list = listOf(body);
  if (list.length === 0 || list.length > MAX_ROWS) {
    const detail = `The list has ${list.length} rows; it may have 1 to ${MAX_ROWS}.`;
    throw new Problem({ status: 422, detail, errors: [{ field: 'rows', detail }] });
  }
  const rows: ImportRow[] = [];
  const faults: ImportFault[] = [];
  for (const [row, { body: item, line, fault }] of list.entries()) {
    if (row % AT_A_STRETCH === AT_A_STRETCH - 1) await setImmediate();
    const where = line === null ? '' : ` (line ${line})`;
    if (fault !== null) {
      faults.push({ row, kind: 'format', field: '', detail: `${fault}${where}` });
      continue;
    }
    const read = createOrchestratorSchema.safeParse(item);
    if (read.success) rows.push({ row, draft: newOrchestrator(read.data) });
    else {
      for (const { path, message } of read.error.issues)
        faults.push({ row, kind: 'format', field: fieldPath(path), detail: `${message}${where}` });
    }
  }
  return { rows, faults };
}
