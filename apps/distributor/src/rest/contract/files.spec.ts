import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type Operation } from '#platform/testing';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { type ContractRig, startContractRig } from '../../testing/contract/contract-rig.js';
import { faultsOf } from '../../testing/contract/faults.js';
import { fillPages } from '../../testing/contract/fill.js';
import { isForPayee, isList } from '../../testing/contract/routes.js';
import { dangerousTexts, formulaStart } from '../../testing/dangerous-texts.js';
import { record } from '../../testing/rest-rig.js';

type Row = Record<string, string>;
const fileSchema = z.array(z.record(z.string(), z.string()));
const number = /^-?\d+(\.\d+)?$/;

/** In the JSON it stands inside of the evidence. */
const onlyInFiles = new Set(['worker_address']);

/** How a value of JSON stands in a file. */
function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value !== 'string') return JSON.stringify(value);
  // Amounts are numbers and keep their minus; text that a spreadsheet would run gets an apostrophe in front.
  return formulaStart.test(value) && !number.test(value) ? `'${value}` : value;
}

describe('every list that is a file of CSV too', () => {
  let rig: ContractRig;

  beforeAll(async () => {
    const database = await createTestDatabase();
    rig = await startContractRig(database, { ALERT_WEBHOOK_URLS: 'http://127.0.0.1:9/hook' });
    await fillPages(rig, database.url, rig.paid);
  });

  afterAll(async () => {
    await rig.close();
  });

  const pathTo = async (operation: Operation) =>
    // Of somebody who was corrected with every dangerous reason.
    operation.path.includes('{') ? operation.path.replace(/\{\w+\}/, rig.paid) : rig.pathTo(operation);

  const download = async (operation: Operation) =>
    rig.call(operation, await pathTo(operation), { headers: { accept: 'text/csv' } });

  const rowsOf = (file: unknown): Row[] => fileSchema.parse(parse(z.string().parse(file), { columns: true }));

  /** The same as JSON. */
  async function itemsOf(operation: Operation): Promise<Record<string, unknown>[]> {
    const path = await pathTo(operation);
    if (isList(operation)) return rig.walk(path.replace('/api/v1/', ''), 200);
    return z.object({ lines: z.array(record) }).parse((await rig.call(operation, path)).body).lines;
  }

  it('is known here', () => {
    expect(rig.routes.files.map(({ path }) => path).sort()).toEqual([
      '/api/v1/adjustments',
      '/api/v1/assessments',
      '/api/v1/audit',
      '/api/v1/balances',
      '/api/v1/orchestrators/{id}/statement',
      '/api/v1/payee/orchestrators/{id}/statement',
      '/api/v1/payments',
    ]);
  });

  it('says what it is, and is not given to who may not have it', async () => {
    const faults = await faultsOf(rig.routes.files, async (operation) => {
      const { status, headers } = await download(operation);
      const found = status === 200 ? [] : [`${operation.name}: ${status}`];
      if (headers.get('content-type') !== 'text/csv; charset=utf-8; header=present')
        found.push(`${operation.name}: is ${headers.get('content-type')}`);
      if (!/^attachment; filename="[\w.-]+\.csv"$/.test(headers.get('content-disposition') ?? ''))
        found.push(`${operation.name}: is named ${headers.get('content-disposition')}`);
      if (!/\baccept\b/i.test(headers.get('vary') ?? ''))
        found.push(`${operation.name}: caches would mix it up`);
      const token = isForPayee(operation) ? rig.viewer : rig.payee;
      const refused = await rig.call(operation, await pathTo(operation), {
        token,
        headers: { accept: 'text/csv' },
      });
      return refused.status === 403 ? found : [...found, `${operation.name}: given to anybody`];
    });
    expect(faults).toEqual([]);
  });

  it('holds, read by a parser of CSV, every item of every page, cell by cell', async () => {
    const faults = await faultsOf(rig.routes.files, async (operation) => {
      const before = (await itemsOf(operation)).map((item) => JSON.stringify(item));
      const text = z.string().parse((await download(operation)).body);
      const after = new Set((await itemsOf(operation)).map((item) => JSON.stringify(item)));
      const rows = rowsOf(text);
      const columns = Object.keys(rows[0] ?? {}).filter((name) => !onlyInFiles.has(name));
      const cellsOf = (value: (column: string) => unknown) => JSON.stringify(columns.map(value));
      const inFile = new Set(rows.map((row) => cellsOf((column) => row[column])));
      // What changed while it was read may stand there as it was or as it is.
      const still = before.filter((item) => after.has(item));
      const found = still
        .filter((item) => {
          const fields = record.parse(JSON.parse(item));
          return !inFile.has(cellsOf((column) => cellOf(fields[column])));
        })
        .map((item) => `${operation.name}: lacks ${item.slice(0, 300)}`);
      if (still.length < 5) found.push(`${operation.name}: only ${still.length} rows could be compared`);
      if (/[^\r]\n/.test(text.replaceAll(/"(?:[^"]|"")*"/g, '')))
        found.push(`${operation.name}: a row ends without CR`);
      if (!text.endsWith('\r\n')) found.push(`${operation.name}: the last row does not end`);
      return found;
    });
    expect(faults).toEqual([]);
  });

  it('has no cell that a spreadsheet would run, whatever people wrote', async () => {
    const seen = new Set<string>();
    const faults = await faultsOf(rig.routes.files, async (operation) => {
      const cells = rowsOf((await download(operation)).body).flatMap((row) => Object.values(row));
      for (const cell of cells) seen.add(cell);
      return cells
        .filter((cell) => formulaStart.test(cell) && !number.test(cell))
        .map((cell) => `${operation.name}: ${cell}`);
    });
    expect(faults).toEqual([]);
    // They were there, and are read back to the last character.
    for (const text of dangerousTexts) expect(seen).toContain(cellOf(text));
  });
});
