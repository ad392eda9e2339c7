import { z } from 'zod';

import { decideDue } from '../../../testing/decide-due.js';
import {
  type BookServices,
  bookServices,
  openTestBooks,
  testBooksOptions,
  type TestBooks,
} from '../../../testing/test-books.js';
import { bySource, TestWorker } from '../../../testing/test-worker.js';
import type { Alert, AlertKind } from '../../alerts/alerts.js';
import type { BooksOptions } from '../../books/books-options.js';
import { account } from '../../ledger/account.js';
import type { NewOrchestrator, Orchestrator } from '../../orchestrators/orchestrator.js';
import type { AssessmentRecord } from '../assessment.js';
import type { EvidenceSource } from '../evidence-source.js';
import { LateEvidence } from '../late-evidence.js';

const countSchema = z.tuple([z.object({ n: z.int() })]);

const noon = Date.UTC(2026, 10, 22, 12, 0);
/** Minutes after noon. */
export const at = (minutes: number, ms = 0): Date => new Date(noon + minutes * 60_000 + ms);

/** Books whose clock stands still, an assessor and workers by name. */
export class AssessorRig {
  readonly workers: Record<string, TestWorker> = {};
  private now = at(0, -30_000);

  private constructor(
    readonly books: TestBooks,
    readonly services: BookServices,
    readonly late: LateEvidence,
  ) {}

  /** Half a minute before noon. No second questions unless asked for. */
  static async open(changes: Partial<BooksOptions> = {}): Promise<AssessorRig> {
    const books = await openTestBooks();
    await books.setClock(at(0, -30_000));
    const { services, late } = servicesOn(books.database, changes);
    await services.books.open();
    return new AssessorRig(books, services, late);
  }

  /** Another process on the same books. */
  async replica(changes: Partial<BooksOptions> = {}): Promise<BookServices> {
    return servicesOn(await this.books.anotherReplica(), changes).services;
  }

  /** An orchestrator with a worker of the same name. */
  async create(name: string, change: Partial<NewOrchestrator> = {}): Promise<Orchestrator> {
    const worker = (this.workers[`https://${name}:9995`] ??= new TestWorker());
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(this.now.getTime()) });
    return this.services.orchestrators.create(
      {
        name,
        serviceUri: `https://${name}:9995`,
        workerUrl: `http://${name}:9876`,
        workerAddress: worker.address,
        ...change,
      },
      'admin',
    );
  }

  worker(name: string): TestWorker {
    const found = this.workers[`https://${name}:9995`];
    if (!found) throw new Error(`there is no worker ${name}`);
    return found;
  }

  get source(): EvidenceSource {
    return bySource(this.workers);
  }

  async setClock(moment: Date): Promise<void> {
    this.now = moment;
    await this.books.setClock(moment);
  }

  /** Assesses at this moment until nothing more comes of it. */
  async assessAt(moment: Date, services = this.services): Promise<AssessmentRecord[]> {
    await this.setClock(moment);
    const all: AssessmentRecord[] = [];
    for (;;) {
      const decided = await decideDue(services.assessor, this.source);
      if (decided.length === 0) return all;
      all.push(...decided);
    }
  }

  /** One turn of the assessor, at the moment that the clock shows. */
  turn(signal?: AbortSignal): Promise<AssessmentRecord[]> {
    return decideDue(this.services.assessor, this.source, signal);
  }

  /** How many rows a table holds. */
  async count(table: string): Promise<number> {
    const rows: unknown = await this.books.owner.query(`select count(*)::int as n from ${table}`);
    return countSchema.parse(rows)[0].n;
  }

  payable(id: string): Promise<bigint> {
    return this.services.ledger.balance(this.books.database.dataSource, account.payable(id));
  }

  async alert(kind: AlertKind, state: 'open' | 'resolved' = 'open'): Promise<Alert | undefined> {
    const { items } = await this.services.alerts.list({ state });
    return items.find((alert) => alert.kind === kind);
  }

  close(): Promise<void> {
    return this.books.close();
  }
}

function servicesOn(
  database: TestBooks['database'],
  changes: Partial<BooksOptions>,
): { services: BookServices; late: LateEvidence } {
  const options = { secondQuestionBasisPoints: 0, ...changes };
  const services = bookServices(database, options);
  const late = new LateEvidence(database, services.alerts, { ...testBooksOptions, ...options });
  return { services, late };
}
