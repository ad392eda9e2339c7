import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';

import { FactLogger } from '../logging/fact-logger.js';
import { exponentialBackoff } from '../scheduling/backoff.js';
import { delay } from '../scheduling/delay.js';
import { errorCode } from '../wire/error-code.js';
import { DatabaseNewerError, migrate, MigrationChangedError, MigrationFailedError } from './migrate.js';

export interface DatabaseOptions {
  url: string;
  /** The folder of the app's `NNNN-name.sql` files, with a trailing slash. */
  migrations: URL;
  /** Taken by every connection of the pool; the migrations run as who connects, and make it. */
  role?: string;
  poolSize?: number;
}

export const DATABASE_OPTIONS = Symbol('DATABASE_OPTIONS');

export class DatabaseUnavailableError extends Error {
  constructor(override readonly cause?: unknown) {
    super(`The database does not answer${cause instanceof Error ? `: ${cause.message}` : ''}`);
    this.name = 'DatabaseUnavailableError';
  }
}

/** A transaction whose COMMIT PostgreSQL answered with ROLLBACK, because an error inside it had been swallowed. */
export class TransactionLostError extends Error {
  constructor() {
    super('The transaction was rolled back although its work reported no error');
    this.name = 'TransactionLostError';
  }
}

/** The connections do not work as the role that they were to take. */
export class WrongRoleError extends Error {
  constructor(expected: string, actual: string) {
    super(
      `The database connections work as ${actual}, not as ${expected}: DATABASE_URL may not set "options", ` +
        'and a pooler in between must pass them on.',
    );
    this.name = 'WrongRoleError';
  }
}

/**
 * pg's settings of each connection. With a role, everything on it is done as that role. The listener is for a connection
 * that the server ends in the moment in which it is handed over, when neither the pool nor TypeORM listens: without one
 * the process would end. Whoever uses the connection still meets the error.
 */
export const connectionOptions = (role: string | undefined) => ({
  onConnect(client: { on(event: 'error', listener: () => void): unknown }): void {
    client.on('error', () => undefined);
  },
  ...(role !== undefined && { options: `-c role=${role}` }),
});

/** Serialization failure, deadlock, server shutting down: the whole of the work may be done again. */
const retriableCodes = new Set(['40001', '40P01', '57P01']);

const currentUserSchema = z.tuple([z.object({ current_user: z.string() })]);

const isMigrationFault = (error: unknown) =>
  error instanceof MigrationFailedError ||
  error instanceof MigrationChangedError ||
  error instanceof DatabaseNewerError ||
  error instanceof WrongRoleError;

/**
 * The app's connection to PostgreSQL. It connects and migrates in the background, with backoff, so that the process is
 * alive without a database; pg replaces broken connections of the pool by itself afterwards.
 */
@Injectable()
export class Database implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log = new FactLogger('database');
  private readonly stopping = new AbortController();
  private ready = false;
  private error: Error | undefined;
  private connecting: Promise<DataSource> | undefined;

  constructor(
    @InjectDataSource() readonly dataSource: DataSource,
    @Inject(DATABASE_OPTIONS) private readonly options: DatabaseOptions,
  ) {}

  onModuleInit() {
    this.connecting = this.connect();
    // Whoever waits sees the rejection; without a waiter it is only the end of the process.
    this.connecting.catch(() => undefined);
  }

  beforeApplicationShutdown() {
    this.stopping.abort();
  }

  /** Connected and migrated at least once. */
  get isReady(): boolean {
    return this.ready;
  }

  get lastError(): Error | undefined {
    return this.error;
  }

  /** Resolves when the database has been connected and migrated; rejects when the process stops before. */
  async whenReady(): Promise<DataSource> {
    this.connecting ??= this.connect();
    return this.connecting;
  }

  /** Answers when a query does, for health checks. @throws DatabaseUnavailableError */
  async ping(): Promise<void> {
    if (!this.ready) throw new DatabaseUnavailableError(this.error);
    try {
      await this.dataSource.query('select 1');
    } catch (error) {
      throw new DatabaseUnavailableError(error);
    }
  }

  /**
   * Runs `work` in a READ COMMITTED transaction; the whole of it again, twice at most, after a deadlock or a
   * serialization failure. Use only the given manager inside.
   * @throws DatabaseUnavailableError before the first connection, TransactionLostError when nothing was committed
   */
  async transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    if (!this.ready) throw new DatabaseUnavailableError(this.error);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.runOnce(work);
      } catch (error) {
        if (attempt >= 3 || !retriableCodes.has(errorCode(error) ?? '')) throw error;
        await delay(20 * attempt);
      }
    }
  }

  private runOnce<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction('READ COMMITTED', async (tx) => {
      const result = await work(tx);
      // After a swallowed error COMMIT would answer ROLLBACK and TypeORM would not notice; a query notices.
      try {
        await tx.query('select 1');
      } catch (error) {
        if (errorCode(error) === '25P02') throw new TransactionLostError();
        throw error;
      }
      return result;
    });
  }

  private async connect(): Promise<DataSource> {
    const backoff = exponentialBackoff({ minMs: 250, maxMs: 10_000 });
    for (;;) {
      try {
        const applied = await this.migrateAsOwner();
        if (!this.dataSource.isInitialized) await this.dataSource.initialize();
        await this.requireRole();
        this.ready = true;
        this.error = undefined;
        this.log.info('database connected', { migrationsApplied: applied.length });
        return this.dataSource;
      } catch (error) {
        this.error = error instanceof Error ? error : new Error(String(error));
        if (this.stopping.signal.aborted) throw new DatabaseUnavailableError(error);
        if (isMigrationFault(error)) this.log.error('database not migrated', error);
        else this.log.warn('database not reachable', { error: this.error.message });
      }
      await delay(backoff.next(), this.stopping.signal);
    }
  }

  /** On a connection of its own, since the pool may not change tables. */
  private async migrateAsOwner(): Promise<string[]> {
    const owner = new DataSource({
      type: 'postgres',
      url: this.options.url,
      poolSize: 1,
      connectTimeoutMS: 5_000,
      extra: { lock_timeout: 60_000 },
    });
    await owner.initialize();
    try {
      return await migrate(owner, this.options.migrations);
    } finally {
      await owner.destroy();
    }
  }

  private async requireRole(): Promise<void> {
    const { role } = this.options;
    if (role === undefined) return;
    const [{ current_user: actual }] = currentUserSchema.parse(
      await this.dataSource.query('select current_user'),
    );
    if (actual !== role) throw new WrongRoleError(role, actual);
  }
}
