import { z } from 'zod';

import { FactLogger } from '#platform';
import type { Database } from '#platform/database';

import type { AuditLog } from '../audit/audit-log.js';
import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import type { AccountLine, Difference, Reconciliation, ReconciliationReport } from './reconciliation.js';

export interface ReconciliationRun extends ReconciliationReport {
  id: string;
  at: Date;
  cause: 'hourly' | 'demand';
  actor: string;
}

const bigintText = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);

const lineSchema = z
  .object({ account: z.string(), unit: z.enum(['micro-usd', 'gwei']), ledger: bigintText, chain: bigintText })
  .transform((line): AccountLine => line);
const differenceSchema = z
  .object({ account: z.string(), ledgerMicroUsd: bigintText, chainMicroUsd: bigintText, detail: z.string() })
  .transform((difference): Difference => difference);

const runRow = z
  .object({
    id: z.uuid(),
    at: sqlTime,
    cause: z.enum(['hourly', 'demand']),
    actor: z.string(),
    ok: z.boolean(),
    checked_at_block: sqlBigint.nullable(),
    accounts: z.array(lineSchema),
    differences: z.array(differenceSchema),
  })
  .transform(({ checked_at_block: checkedAtBlock, ...row }): ReconciliationRun => ({
    ...row,
    checkedAtBlock,
  }));

const columns = 'id, at, cause, actor, ok, checked_at_block, accounts, differences';

const everySeconds = 3_600;

const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));

/** Reconciliations that are kept: one each hour, whatever the number of distributors, and those that people ask for. */
export class ReconciliationRuns {
  private readonly log = new FactLogger('reconciliation');

  constructor(
    private readonly database: Database,
    private readonly reconciliation: Reconciliation,
    private readonly audit: AuditLog,
  ) {}

  /** The next run of the hour, or undefined while it is not due. @throws what `Reconciliation.run` does */
  async runWhenDue(signal?: AbortSignal): Promise<ReconciliationRun | undefined> {
    if (!(await this.isDue())) return undefined;
    const report = await this.reconciliation.run(signal);
    // Without a chain there is nothing to compare.
    if (report.checkedAtBlock === null) return undefined;
    return this.keep(report, 'hourly', 'settlement');
  }

  /** @throws what `Reconciliation.run` does */
  async runNow(actor: string, signal?: AbortSignal): Promise<ReconciliationRun> {
    return this.keep(await this.reconciliation.run(signal), 'demand', actor);
  }

  async latest(): Promise<ReconciliationRun | undefined> {
    return (await this.list({ limit: 1 })).items[0];
  }

  /** Newest first. */
  async list(request: PageRequest = {}): Promise<Page<ReconciliationRun>> {
    const limit = pageLimit(request);
    const [at, id] = decodeCursor(request, z.tuple([z.iso.datetime(), z.uuid()])) ?? [null, null];
    const runs = await selectRows(
      ready(this.database),
      runRow,
      `select ${columns} from payments.reconciliation_run
        where $1::timestamptz is null or (at, id) < ($1, $2::uuid) order by at desc, id desc limit $3`,
      [at, id, limit + 1],
    );
    return toPage(runs, limit, (run) => [run.at.toISOString(), run.id]);
  }

  private async isDue(): Promise<boolean> {
    const row = await selectRow(
      ready(this.database),
      z.object({ due: z.boolean() }),
      `select not exists (select 1 from payments.reconciliation_run
                           where cause = 'hourly' and at > payments.clock() - make_interval(secs => $1)) as due`,
      [everySeconds],
    );
    return row?.due === true;
  }

  /** Of two replicas that find the hour over the second keeps nothing. */
  private async keep(
    report: ReconciliationReport,
    cause: 'hourly' | 'demand',
    actor: string,
  ): Promise<ReconciliationRun> {
    const run = await this.database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock(7241605, 18)');
      if (cause === 'hourly' && !(await this.isDue())) return this.latest();
      const kept = await selectRow(
        tx,
        runRow,
        `insert into payments.reconciliation_run (cause, actor, ok, checked_at_block, accounts, differences)
           values ($1, $2, $3, $4, $5::jsonb, $6::jsonb) returning ${columns}`,
        [
          ...[cause, actor, report.ok, report.checkedAtBlock?.toString() ?? null],
          ...[toJson(report.accounts), toJson(report.differences)],
        ],
      );
      if (kept && cause === 'demand') {
        await this.audit.record(tx, {
          ...{ actor, action: 'reconciliation run', subject: `reconciliation/${kept.id}` },
          after: { ok: kept.ok, differences: kept.differences.length },
        });
      }
      return kept;
    });
    if (!run) throw new Error('the run was not stored');
    const facts = {
      ok: run.ok,
      checkedAtBlock: run.checkedAtBlock?.toString(),
      accounts: run.accounts.length,
    };
    if (run.ok) this.log.info('ledger reconciled', facts);
    else
      this.log.error('ledger differs from chain', undefined, {
        ...facts,
        differences: run.differences.map(({ detail }) => detail),
      });
    return run;
  }
}
