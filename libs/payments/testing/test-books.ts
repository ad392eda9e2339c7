import { DataSource } from 'typeorm';

import { connectionOptions, Database } from '#platform/database';
import { createMigratedDatabase } from '#platform/testing';

import { Alerts } from '../src/alerts/alerts.js';
import { Assessments } from '../src/assessments/assessments.js';
import { Assessor } from '../src/assessments/assessor.js';
import { AuditLog } from '../src/audit/audit-log.js';
import { Balances } from '../src/balances/balances.js';
import type { BooksOptions } from '../src/books/books-options.js';
import { Books } from '../src/books/books.js';
import { Ledger } from '../src/ledger/ledger.js';
import { applicationRole, paymentsMigrations } from '../src/migrations/folder.js';
import { Orchestrators } from '../src/orchestrators/orchestrators.js';
import { Policies } from '../src/policies/policies.js';
import { Rates } from '../src/rates/rates.js';

export interface BookServices {
  audit: AuditLog;
  alerts: Alerts;
  ledger: Ledger;
  books: Books;
  rates: Rates;
  policies: Policies;
  orchestrators: Orchestrators;
  assessments: Assessments;
  assessor: Assessor;
  balances: Balances;
}

export interface TestBooks {
  url: string;
  /** Works under the application's role, as the distributor does. */
  database: Database;
  /** The owner of the books, who is a superuser here: for what the application may not do. */
  owner: DataSource;
  /** Another process on the same books: its own pool of connections. */
  anotherReplica(): Promise<Database>;
  /** Stops the database's clock at this moment (`payments.clock()`); undefined lets it run again. */
  setClock(at: Date | undefined): Promise<void>;
  close(): Promise<void>;
}

/** As the local stack keeps them, but with two services. */
export const testBooksOptions: BooksOptions = {
  paymentIntervalSeconds: 60,
  basePaymentMicroUsd: 10_000_000n,
  maxRateMicroUsd: 100_000_000n,
  minServiceUptimeBasisPoints: 9_500n,
  uptimeAggregation: 'mean',
  requiredServices: ['autogen_agent', 'redis_scb'],
  evidenceGraceSeconds: 86_400,
  allowSharedWorkers: false,
  payoutAddressDelaySeconds: 86_400,
  reportDelayMs: 0,
  secondQuestionBasisPoints: 0,
};

/** What `BooksModule` provides, without Nest. */
export function bookServices(database: Database, changes: Partial<BooksOptions> = {}): BookServices {
  const options = { ...testBooksOptions, ...changes };
  const audit = new AuditLog(database);
  const alerts = new Alerts(database);
  const ledger = new Ledger();
  const rates = new Rates(database, audit, options);
  const policies = new Policies(database, audit);
  return {
    audit,
    alerts,
    ledger,
    rates,
    policies,
    books: new Books(database, options),
    orchestrators: new Orchestrators(database, audit, rates, policies, options, alerts),
    assessments: new Assessments(database),
    assessor: new Assessor(database, ledger, audit, options),
    balances: new Balances(database),
  };
}

async function connect(url: string): Promise<Database> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    poolSize: 5,
    extra: connectionOptions(applicationRole),
  });
  const database = new Database(dataSource, { url, migrations: paymentsMigrations, role: applicationRole });
  await database.whenReady();
  return database;
}

/** Fresh, migrated, empty books on the run's real PostgreSQL. */
export async function openTestBooks(): Promise<TestBooks> {
  const { url, drop } = await createMigratedDatabase(paymentsMigrations);
  const owner = await new DataSource({ type: 'postgres', url, poolSize: 2 }).initialize();
  const database = await connect(url);
  const opened = [database];
  return {
    url,
    database,
    owner,
    async anotherReplica() {
      const replica = await connect(url);
      opened.push(replica);
      return replica;
    },
    async setClock(at) {
      const now = at ? `timestamptz '${at.toISOString()}'` : 'clock_timestamp()';
      await owner.query(
        `create or replace function payments.clock() returns timestamptz language sql volatile
           as $$ select date_trunc('milliseconds', ${now}) $$`,
      );
    },
    async close() {
      await Promise.all(
        [owner, ...opened.map(({ dataSource }) => dataSource)].map((source) => source.destroy()),
      );
      await drop();
    },
  };
}
