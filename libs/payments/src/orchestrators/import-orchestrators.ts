import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import type { Alerts } from '../alerts/alerts.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { BooksOptions } from '../books/books-options.js';
import { lockBook } from '../books/books.js';
import type { Sql } from '../books/sql-rows.js';
import { admitOrchestrators } from './admit-orchestrators.js';
import {
  differences,
  duplicates,
  type ImportFault,
  ImportRefusedError,
  type ImportReport,
  type ImportRow,
  type ReadableRow,
} from './import.js';
import { holdersOfWorkers } from './orchestrator-facts.js';
import { toRecord } from './orchestrator-record.js';
import { findOrchestrators } from './orchestrator-rows.js';
import { announceImport } from './payout-address.js';
import { holdersOfServiceUris } from './service-uris.js';

/** Rows that are checked without letting anything else happen in this process. */
const AT_A_STRETCH = 500;

/** Splits rows into those that may be stored and what is wrong with the others. */
export async function readRows(
  rows: readonly ImportRow[],
  maxRateMicroUsd: bigint,
): Promise<{ readable: ReadableRow[]; faults: ImportFault[] }> {
  const readable: ReadableRow[] = [];
  const faults: ImportFault[] = [];
  for (const [index, { row, draft }] of rows.entries()) {
    if (index % AT_A_STRETCH === AT_A_STRETCH - 1) await setImmediate();
    const record = toRecord(draft, maxRateMicroUsd);
    if (!Array.isArray(record)) readable.push({ row, draft, record });
    else {
      faults.push(
        ...record.map(({ field = '', message }) => ({ row, kind: 'rule' as const, field, detail: message })),
      );
    }
  }
  return { readable, faults };
}

export interface ImportRequest {
  readable: readonly ReadableRow[];
  /** Of rows that are not among the readable ones. */
  faults: readonly ImportFault[];
  dryRun: boolean;
  actor: string;
}

/** All rows or none. @throws ImportRefusedError with every fault of every row */
export async function importOrchestrators(
  tx: Sql,
  { readable, faults, dryRun, actor }: ImportRequest,
  { audit, alerts, options }: { audit: AuditLog; alerts: Alerts; options: BooksOptions },
): Promise<ImportReport> {
  await lockBook(tx);
  const uris = await holdersOfServiceUris(
    tx,
    readable.map(({ record }) => record.serviceUri),
  );
  const existing = await findOrchestrators(tx, [...uris.values()]);
  const workers = options.allowSharedWorkers
    ? new Map<string, string>()
    : await holdersOfWorkers(
        tx,
        readable.flatMap(({ record }) => record.workerAddress ?? []),
      );

  const found = [...faults, ...duplicates(readable, options.allowSharedWorkers)];
  const fresh: ReadableRow[] = [];
  const unchanged = new Map<ReadableRow, string>();
  for (const item of readable) {
    const { row, record } = item;
    const holder = uris.get(record.serviceUri);
    const same = holder === undefined ? undefined : existing.get(holder);
    const conflict = (field: string, detail: string) => found.push({ row, kind: 'conflict', field, detail });
    if (same) {
      for (const field of differences(item, same))
        conflict(field, `differs from the orchestrator ${same.id}, which has this service URI`);
      unchanged.set(item, same.id);
    } else fresh.push(item);
    const worker = workers.get(record.workerAddress ?? '');
    if (worker !== undefined && worker !== same?.id)
      conflict('worker_address', `belongs to the orchestrator ${worker}`);
  }
  if (found.length > 0) throw new ImportRefusedError(found.sort((a, b) => a.row - b.row));

  const ids = new Map(unchanged);
  if (!dryRun && fresh.length > 0) {
    const insertion = {
      origin: 'rest' as const,
      actor,
      payoutAddressDelaySeconds: options.payoutAddressDelaySeconds,
    };
    const records = fresh.map(({ record }) => record);
    const admitted = await admitOrchestrators(tx, records, insertion, audit);
    for (const [index, item] of fresh.entries()) ids.set(item, admitted[index]?.id ?? '');
    await announceImport(tx, alerts, randomUUID(), admitted, actor);
  }
  return {
    dryRun,
    created: fresh.length,
    unchanged: unchanged.size,
    rows: readable.map((item) => ({
      row: item.row,
      serviceUri: item.record.serviceUri,
      outcome: unchanged.has(item) ? 'unchanged' : 'created',
      orchestratorId: ids.get(item) ?? null,
    })),
  };
}
