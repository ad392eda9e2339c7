import { expect } from '@jest/globals';

import type { Database } from '#platform/database';

import { Adjustments } from '../../src/adjustments/adjustments.js';
import type { BooksOptions } from '../../src/books/books-options.js';
import { ConflictError, RuleError } from '../../src/books/errors.js';
import { Sealing } from '../../src/sealing/sealing.js';
import { assembleSettlement, type SettlementDoors } from '../../src/settlement/assemble.js';
import { Statements } from '../../src/statements/statements.js';
import { type BookServices, bookServices, type TestBooks } from '../test-books.js';
import { ModelBooks, type ModelOptions, Refusal } from './model-books.js';
import { ModelOrchestrator } from './model-orchestrator.js';
import { ScriptedWorker } from './scripted-worker.js';

/** One process on the books. */
export type Replica = BookServices &
  SettlementDoors & { adjustments: Adjustments; statements: Statements; sealing: Sealing };

/** Who all changes by people are made by. */
export const actor = 'model';

export interface StageSetting {
  startMs: number;
  replicas: number;
  /** What stands between a replica and its database. */
  watch?: (database: Database) => Database;
}

/** The same history happens to the real books, on one or several replicas, and to the model. */
export class Stage {
  /** By service URI. */
  readonly workers = new Map<string, ScriptedWorker>();
  readonly ids: string[] = [];
  readonly fromEnvironment: string[] = [];

  private constructor(
    readonly books: TestBooks,
    readonly replicas: readonly Replica[],
    readonly model: ModelBooks,
  ) {}

  /** Opens the books on so many replicas. */
  static async open(
    books: TestBooks,
    options: ModelOptions,
    { startMs, replicas, watch = (database) => database }: StageSetting,
  ): Promise<Stage> {
    const databases = [books.database];
    while (databases.length < replicas) databases.push(await books.anotherReplica());
    const processes = databases.map(watch).map((database): Replica => {
      const services = bookServices(database, booksOptions(options));
      const { ledger, books: book, audit } = services;
      return {
        ...services,
        ...assembleSettlement({ database, ...services }, { method: 'ledger', ...options }),
        adjustments: new Adjustments(database, ledger, book, audit),
        statements: new Statements(database),
        sealing: new Sealing(database),
      };
    });
    const stage = new Stage(books, processes, new ModelBooks(options, startMs));
    await books.setClock(new Date(startMs));
    await stage.real.books.open();
    return stage;
  }

  get real(): Replica {
    const [first] = this.replicas;
    if (!first) throw new Error('a stage has a replica');
    return first;
  }

  async wait(ms: number): Promise<void> {
    this.model.nowMs += ms;
    await this.books.setClock(new Date(this.model.nowMs));
  }

  newWorker(reports: readonly string[]): { worker: ScriptedWorker; serviceUri: string } {
    const name = `worker-${this.workers.size}`;
    const serviceUri = `https://${name}:9995`;
    const worker = new ScriptedWorker(name, reports, () => this.model.nowMs);
    this.workers.set(serviceUri, worker);
    return { worker, serviceUri };
  }

  add(id: string, worker: ScriptedWorker): ModelOrchestrator {
    const made = new ModelOrchestrator(id, worker, this.model.nowMs, this.model.periodMs);
    this.ids.push(id);
    this.model.orchestrators.set(id, made);
    return made;
  }

  idOf(who: number): string {
    const id = this.ids[who % this.ids.length];
    if (id === undefined) throw new Error('a history begins with an orchestrator');
    return id;
  }

  /** The model refuses, or the books do: both or neither. */
  async both(model: () => void, real: () => Promise<unknown>): Promise<void> {
    let refuses = false;
    try {
      model();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refuses = true;
    }
    let refused: Error | null = null;
    try {
      await real();
    } catch (error) {
      if (!(error instanceof ConflictError || error instanceof RuleError)) throw error;
      refused = error;
    }
    expect({ refused: refused !== null }).toEqual({ refused: refuses });
  }
}

const booksOptions = (options: ModelOptions): Partial<BooksOptions> => ({
  paymentIntervalSeconds: options.periodSeconds,
  basePaymentMicroUsd: options.rateMicroUsd,
  maxRateMicroUsd: options.maxRateMicroUsd,
  minServiceUptimeBasisPoints: BigInt(options.thresholdBp),
  uptimeAggregation: options.aggregation,
  requiredServices: options.required,
  evidenceGraceSeconds: options.graceSeconds,
  secondQuestionBasisPoints: 3_000,
  // No worker here is slow; the machine may be.
  fetchTimeoutMs: 60_000,
});
