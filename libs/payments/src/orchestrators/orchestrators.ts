import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { Database } from '#platform/database';

import { Alerts } from '../alerts/alerts.js';
import { AuditLog } from '../audit/audit-log.js';
import { BOOKS_OPTIONS, type BooksOptions } from '../books/books-options.js';
import { lockBook } from '../books/books.js';
import { nextBoundary } from '../books/effective-time.js';
import { ConflictError, NotFoundError } from '../books/errors.js';
import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import type { Sql } from '../books/sql-rows.js';
import { Policies } from '../policies/policies.js';
import { Rates } from '../rates/rates.js';
import { admitOrchestrators } from './admit-orchestrators.js';
import { ensureFromEnvironment } from './environment-orchestrators.js';
import type { ImportFault, ImportReport, ImportRow } from './import.js';
import { importOrchestrators, readRows } from './import-orchestrators.js';
import type {
  EnvironmentOrchestrator,
  NewOrchestrator,
  Orchestrator,
  OrchestratorChange,
  OrchestratorStatus,
} from './orchestrator.js';
import { addFact, type Fact, requireFreeWorker } from './orchestrator-facts.js';
import { requireName, toRecord } from './orchestrator-record.js';
import { findOrchestrator, listOrchestrators } from './orchestrator-rows.js';
import { announceFirst, changePayoutAddress, payoutAddressAt } from './payout-address.js';
import { requireFreeServiceUri } from './service-uris.js';
import { normaliseAddress, normaliseUrl } from './web-address.js';

const cursorKey = z.tuple([z.iso.datetime().transform((text) => new Date(text)), z.uuid()]);

/** The payees, as versioned facts: each change is a new version with its own start, and nothing is deleted. */
@Injectable()
export class Orchestrators {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
    private readonly rates: Rates,
    private readonly policies: Policies,
    @Inject(BOOKS_OPTIONS) private readonly options: BooksOptions,
    private readonly alerts: Alerts,
  ) {}

  /** Oldest first. */
  async list(
    request: PageRequest & { status?: OrchestratorStatus | undefined } = {},
  ): Promise<Page<Orchestrator>> {
    const limit = pageLimit(request);
    const [createdAt, id] = decodeCursor(request, cursorKey) ?? [];
    const after = createdAt && id !== undefined ? { createdAt, id } : null;
    const rows = await listOrchestrators(ready(this.database), {
      status: request.status ?? null,
      after,
      limit: limit + 1,
    });
    return toPage(rows, limit, (item) => [item.createdAt.toISOString(), item.id]);
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<Orchestrator> {
    return this.getWithin(ready(this.database), id);
  }

  /** @throws RuleError, ConflictError, WorkerAddressTakenError */
  async create(input: NewOrchestrator, actor: string): Promise<Orchestrator> {
    return this.database.transaction((tx) => this.insert(tx, input, actor));
  }

  /** Within the caller's transaction. @throws RuleError, ConflictError, WorkerAddressTakenError */
  async insert(tx: EntityManager, input: NewOrchestrator, actor: string): Promise<Orchestrator> {
    const record = toRecord(input, this.options.maxRateMicroUsd);
    if (Array.isArray(record)) throw record[0] ?? new Error('refused without a fault');
    await lockBook(tx);
    if (!this.options.allowSharedWorkers && record.workerAddress !== null)
      await requireFreeWorker(tx, record.workerAddress, null);
    await requireFreeServiceUri(tx, record.serviceUri);
    const { payoutAddressDelaySeconds } = this.options;
    const insertion = { origin: 'rest' as const, actor, payoutAddressDelaySeconds };
    const [created] = await admitOrchestrators(tx, [record], insertion, this.audit);
    if (!created) throw new Error('the orchestrator was not stored');
    await announceFirst(tx, this.alerts, created, actor);
    return created;
  }

  /**
   * A list of payees, all or none. Those that stand already as their rows say are left as they are, so that a list may be
   * imported again. `faults` are those that the caller found in rows that could not be read.
   * @throws ImportRefusedError with every fault of every row
   */
  async import(
    rows: readonly ImportRow[],
    actor: string,
    { dryRun = false, faults = [] }: { dryRun?: boolean; faults?: readonly ImportFault[] } = {},
  ): Promise<ImportReport> {
    const read = await readRows(rows, this.options.maxRateMicroUsd);
    const { audit, alerts, options } = this;
    const request = { readable: read.readable, faults: [...faults, ...read.faults], dryRun, actor };
    return this.database.transaction((tx) => importOrchestrators(tx, request, { audit, alerts, options }));
  }

  /**
   * Status and worker address hold from the next period on, name and worker URL at once, a payout address after the
   * configured delay, rate and policy from the next period on.
   * @throws NotFoundError, ConflictError for an archived one, RuleError, WorkerAddressTakenError
   */
  async change(id: string, patch: OrchestratorChange, actor: string): Promise<Orchestrator> {
    return this.database.transaction(async (tx) => {
      await lockBook(tx);
      const before = await this.requireLiving(tx, id);
      const { now, next } = await nextBoundary(tx);
      const add = (fact: Fact, value: string | null, from: Date) =>
        addFact(tx, id, { fact, value, from, actor });

      if (patch.name !== undefined) {
        await add('name', requireName(patch.name), now);
      }
      if (patch.workerUrl !== undefined) {
        await add('worker_url', patch.workerUrl && normaliseUrl(patch.workerUrl, 'worker_url'), now);
      }
      if (patch.status !== undefined) await add('status', patch.status, next);
      if (patch.workerAddress !== undefined) await this.addWorker(tx, id, patch.workerAddress, actor);
      if (patch.payoutAddress !== undefined) {
        await changePayoutAddress(tx, this.alerts, id, {
          address: patch.payoutAddress && normaliseAddress(patch.payoutAddress, 'payout_address'),
          delaySeconds: this.options.payoutAddressDelaySeconds,
          actor,
        });
      }
      await this.changeTerms(tx, id, patch, actor);
      const after = await this.getWithin(tx, id);
      await this.audit.record(tx, {
        actor,
        action: 'orchestrator changed',
        subject: `orchestrator/${id}`,
        before,
        after,
      });
      return after;
    });
  }

  /** For ever: only whole periods before now are still judged. @throws NotFoundError, ConflictError */
  async archive(id: string, actor: string): Promise<Orchestrator> {
    return this.database.transaction(async (tx) => {
      await lockBook(tx);
      const before = await this.requireLiving(tx, id);
      const { now } = await nextBoundary(tx);
      await addFact(tx, id, { fact: 'status', value: 'archived', from: now, actor });
      await tx.query(
        'delete from payments.pending_assessment where orchestrator_id = $1 and period_end > $2',
        [id, now],
      );
      const after = await this.getWithin(tx, id);
      await this.audit.record(tx, {
        actor,
        action: 'orchestrator archived',
        subject: `orchestrator/${id}`,
        before,
        after,
      });
      return after;
    });
  }

  /** Takes a new signing key from the next period on. @throws NotFoundError, ConflictError, WorkerAddressTakenError */
  async acceptWorker(id: string, workerAddress: string, actor: string): Promise<Orchestrator> {
    return this.database.transaction(async (tx) => {
      await lockBook(tx);
      const before = await this.requireLiving(tx, id);
      await this.addWorker(tx, id, workerAddress, actor);
      const after = await this.getWithin(tx, id);
      await this.audit.record(tx, {
        actor,
        action: 'worker accepted',
        subject: `orchestrator/${id}`,
        before: { workerAddress: before.workerAddress },
        after: { workerAddress: after.workerAddress },
      });
      return after;
    });
  }

  /** Makes a record for each service URI that never had one, and follows the URLs and addresses that it set itself. */
  async ensureFromEnvironment(entries: readonly EnvironmentOrchestrator[]): Promise<void> {
    const { audit, alerts, options } = this;
    await this.database.transaction((tx) => ensureFromEnvironment(tx, entries, { audit, alerts, options }));
  }

  /** The address that a payout reserved at this moment goes to. */
  async payoutAddressInForce(tx: Sql, id: string, at: Date): Promise<string | null> {
    return payoutAddressAt(tx, id, at);
  }

  private async addWorker(tx: EntityManager, id: string, text: string, actor: string): Promise<void> {
    const value = normaliseAddress(text, 'worker_address');
    if (!this.options.allowSharedWorkers) await requireFreeWorker(tx, value, id);
    const { next } = await nextBoundary(tx);
    await addFact(tx, id, { fact: 'worker_address', value, from: next, actor });
  }

  private async changeTerms(
    tx: EntityManager,
    id: string,
    patch: OrchestratorChange,
    actor: string,
  ): Promise<void> {
    if (patch.rateMicroUsdPerMinute !== undefined) {
      await this.rates.insert(
        tx,
        id,
        { microUsdPerMinute: patch.rateMicroUsdPerMinute },
        actor,
        'rate_usd_per_minute',
      );
    }
    if (patch.minUptimeBasisPoints !== undefined || patch.requiredServices !== undefined) {
      const { minUptimeBasisPoints, requiredServices } = patch;
      await this.policies.insert(tx, id, { minUptimeBasisPoints, requiredServices }, actor);
    }
  }

  private async requireLiving(tx: Sql, id: string): Promise<Orchestrator> {
    const found = await this.getWithin(tx, id);
    if (found.status === 'archived') throw new ConflictError(`The orchestrator ${id} is archived`);
    return found;
  }

  private async getWithin(sql: Sql, id: string): Promise<Orchestrator> {
    const found = await findOrchestrator(sql, id);
    if (!found) throw new NotFoundError('orchestrator', id);
    return found;
  }
}
