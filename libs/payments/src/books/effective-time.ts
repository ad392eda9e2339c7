import { z } from 'zod';

import { RuleError } from './errors.js';
import { type Sql, selectRow, sqlTime } from './sql-rows.js';

const nextRow = z.object({ now: sqlTime, next: sqlTime });

/** The database's time and the first boundary of a period after it. */
export async function nextBoundary(sql: Sql): Promise<{ now: Date; next: Date }> {
  const row = await selectRow(
    sql,
    nextRow,
    `select now, payments.period_floor(now, period_seconds) + make_interval(secs => period_seconds) as next
       from payments.book, (select payments.clock() as now) c`,
  );
  if (!row) throw new Error('the books have not been opened');
  return row;
}

/**
 * When a new version takes effect: at the next boundary of a period, or at the later one that was asked for. The past
 * keeps what was in force, and a period is judged by one version only.
 * @throws RuleError for a time that is over or not a boundary
 */
export async function effectiveFrom(sql: Sql, asked: Date | undefined, periodSeconds: number): Promise<Date> {
  const { next } = await nextBoundary(sql);
  if (asked === undefined) return next;
  if (asked < next) {
    throw new RuleError(
      `must not lie before the next period, which begins at ${next.toISOString()}`,
      'effective_from',
    );
  }
  if (asked.getTime() % (periodSeconds * 1000) !== 0) {
    throw new RuleError(`must be the start of a period of ${periodSeconds} s`, 'effective_from');
  }
  return asked;
}
