import type { QueryRunner } from 'typeorm';
import type { z } from 'zod';

import type { Database } from '#platform/database';

import { ready } from './ready.js';
import { type Sql, selectRows } from './sql-rows.js';

/**
 * The books as they stand at one moment, for reading what does not fit into one answer. Holds a connection and a
 * transaction until it is closed: whoever opens one closes it. A reader that pauses for longer than the database's
 * limit for idle transactions loses it.
 */
export class Snapshot {
  private closing: Promise<void> | undefined;

  private constructor(private readonly runner: QueryRunner) {}

  /** @throws DatabaseUnavailableError */
  static async open(database: Database): Promise<Snapshot> {
    const runner = ready(database).createQueryRunner();
    const snapshot = new Snapshot(runner);
    try {
      await runner.connect();
      await runner.startTransaction('REPEATABLE READ');
      await runner.query('set transaction read only');
      return snapshot;
    } catch (error) {
      await snapshot.close();
      throw error;
    }
  }

  get sql(): Sql {
    return this.runner;
  }

  /** Rows in batches, the next one read only when it is asked for. One query at a time. */
  async *batches<S extends z.ZodType>(
    row: S,
    text: string,
    parameters: readonly unknown[],
    batchSize = 1_000,
  ): AsyncGenerator<z.output<S>[], void, undefined> {
    await this.runner.query(`declare reading no scroll cursor for ${text}`, [...parameters]);
    for (;;) {
      const rows = await selectRows(this.runner, row, `fetch forward ${batchSize} from reading`);
      if (rows.length > 0) yield rows;
      if (rows.length < batchSize) break;
    }
    await this.runner.query('close reading');
  }

  /** As often as one likes. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    try {
      if (this.runner.isTransactionActive) await this.runner.rollbackTransaction();
    } catch {
      // The connection is gone, and the transaction with it.
    } finally {
      await this.runner.release();
    }
  }
}
