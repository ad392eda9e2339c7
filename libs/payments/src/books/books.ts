import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';

import { Database } from '#platform/database';

import { BOOKS_OPTIONS, type BooksOptions } from './books-options.js';
import { PeriodMismatchError, RuleError } from './errors.js';
import { ready } from './ready.js';
import { type Sql, selectRow, sqlTime } from './sql-rows.js';

export interface Book {
  /** Names these books for ever; part of every authorization nonce on the chain. */
  ledgerId: string;
  periodSeconds: number;
  openedAt: Date;
}

const bookRow = z.object({ ledger_id: z.uuid(), period_seconds: z.int(), opened_at: sqlTime });

const readBook = (sql: Sql, lock = ''): Promise<z.output<typeof bookRow> | undefined> =>
  selectRow(sql, bookRow, `select ledger_id, period_seconds, opened_at from payments.book ${lock}`);

const toBook = (row: z.output<typeof bookRow>): Book => ({
  ledgerId: row.ledger_id,
  periodSeconds: row.period_seconds,
  openedAt: row.opened_at,
});

/** Makes changes by people wait for each other: what one of them checked stays true until it is committed. */
export async function lockBook(tx: Sql): Promise<Book> {
  const row = await readBook(tx, 'for update');
  if (!row) throw new Error('the books have not been opened');
  return toBook(row);
}

@Injectable()
export class Books {
  constructor(
    private readonly database: Database,
    @Inject(BOOKS_OPTIONS) private readonly options: BooksOptions,
  ) {}

  /**
   * Opens the books, new ones with the first default rate and policy. Call it once the database is ready and before
   * anything else. Any number of processes may open the same books at once.
   * @throws PeriodMismatchError when they are kept in periods of another length
   */
  async open({ periodSeconds } = { periodSeconds: this.options.paymentIntervalSeconds }): Promise<Book> {
    if (!Number.isSafeInteger(periodSeconds) || periodSeconds < 1 || 3600 % periodSeconds !== 0) {
      throw new RuleError(
        `A period of ${periodSeconds} s does not divide an hour`,
        'PAYMENT_INTERVAL_SECONDS',
      );
    }
    return this.database.transaction(async (tx) => {
      await tx.query('insert into payments.book (period_seconds) values ($1) on conflict do nothing', [
        periodSeconds,
      ]);
      const book = await lockBook(tx);
      if (book.periodSeconds !== periodSeconds) {
        throw new PeriodMismatchError(book.periodSeconds, periodSeconds);
      }
      await this.seed(tx);
      await tx.query('select ledger.create_partitions()');
      return book;
    });
  }

  /** The books as they were opened. @throws Error before that */
  async current(): Promise<Book> {
    const row = await readBook(ready(this.database));
    if (!row) throw new Error('the books have not been opened');
    return toBook(row);
  }

  private async seed(tx: Sql): Promise<void> {
    const { basePaymentMicroUsd, minServiceUptimeBasisPoints, uptimeAggregation, requiredServices } =
      this.options;
    await tx.query(
      `insert into payments.rate (micro_usd_per_minute, effective_from, actor)
         select $1, timestamptz '1970-01-01 00:00:00+00', 'environment'
          where not exists (select 1 from payments.rate where orchestrator_id is null)`,
      [basePaymentMicroUsd.toString()],
    );
    await tx.query(
      `insert into payments.policy (threshold_bp, aggregation, required_services, effective_from, actor)
         select $1, $2, $3, timestamptz '1970-01-01 00:00:00+00', 'environment'
          where not exists (select 1 from payments.policy where orchestrator_id is null)`,
      [minServiceUptimeBasisPoints.toString(), uptimeAggregation, [...new Set(requiredServices)]],
    );
  }
}
