import type { NewOrchestrator, Orchestrator } from './orchestrator.js';
import type { OrchestratorRecord } from './orchestrator-record.js';

/** One line of a list of payees; `row` counts from zero, over every line of the list, faulty ones too. */
export interface ImportRow {
  row: number;
  draft: NewOrchestrator;
}

/** `format`: the row cannot be read. `rule`: it can never be imported. `conflict`: it collides with a payee that exists. */
export interface ImportFault {
  row: number;
  kind: 'format' | 'rule' | 'conflict';
  /** As on the wire; empty for the row as a whole. */
  field: string;
  detail: string;
}

/** Nothing was imported. */
export class ImportRefusedError extends Error {
  override readonly name = 'ImportRefusedError';
  constructor(readonly faults: readonly ImportFault[]) {
    super(`${faults.length} faults in the list; nothing was imported`);
  }
}

export interface ImportedRow {
  row: number;
  serviceUri: string;
  outcome: 'created' | 'unchanged';
  /** Null for one that a dry run would create. */
  orchestratorId: string | null;
}

export interface ImportReport {
  dryRun: boolean;
  created: number;
  unchanged: number;
  rows: ImportedRow[];
}

/** A row that may be stored, with what its line said and what it left to the defaults. */
export interface ReadableRow extends ImportRow {
  record: OrchestratorRecord;
}

/** Each row that repeats the service URI or, unless workers are shared, the worker of one above it. */
export function duplicates(rows: readonly ReadableRow[], allowSharedWorkers: boolean): ImportFault[] {
  const seen = { service_uri: new Map<string, number>(), worker_address: new Map<string, number>() };
  return rows.flatMap(({ row, record }) => {
    const values = {
      service_uri: record.serviceUri,
      worker_address: allowSharedWorkers ? null : record.workerAddress,
    };
    return (['service_uri', 'worker_address'] as const).flatMap((field): ImportFault[] => {
      const value = values[field];
      if (value === null) return [];
      const first = seen[field].get(value);
      if (first === undefined) seen[field].set(value, row);
      return first === undefined
        ? []
        : [{ row, kind: 'rule', field, detail: `is the same as in rows[${first}]` }];
    });
  });
}

/** Where a row says something else than the payee that has its service URI. What it leaves out says nothing. */
export function differences({ draft, record }: ReadableRow, existing: Orchestrator): string[] {
  const sorted = (services: readonly string[]) => JSON.stringify([...services].sort());
  const address = existing.nextPayoutAddress ?? existing.payoutAddress;
  const compared: [string, boolean][] = [
    ['name', draft.name === undefined || record.name === existing.name],
    ['worker_url', draft.workerUrl === undefined || record.workerUrl === existing.workerUrl],
    ['worker_address', record.workerAddress === existing.workerAddress],
    ['payout_address', draft.payoutAddress === undefined || record.payoutAddress === address],
    [
      'rate_usd_per_minute',
      record.rateMicroUsdPerMinute === undefined ||
        record.rateMicroUsdPerMinute === existing.rateMicroUsdPerMinute,
    ],
    [
      'min_uptime',
      record.minUptimeBasisPoints === undefined ||
        record.minUptimeBasisPoints === existing.minUptimeBasisPoints,
    ],
    [
      'required_services',
      record.requiredServices === undefined ||
        sorted(record.requiredServices) === sorted(existing.requiredServices),
    ],
  ];
  return compared.filter(([, same]) => !same).map(([field]) => field);
}
