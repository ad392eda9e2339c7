import { Database } from '#platform/database';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { bucketStarts, type HistoryRange } from './history-range.js';
import { rowsOf, wholeNumber } from './rows.js';

export interface EarnedBucket {
  startMs: number;
  periods: number;
  paidPeriods: number;
  earnedMicroUsd: bigint;
}

const earnedRow = z.object({
  starts_at: z.date(),
  periods: wholeNumber,
  paid: wholeNumber,
  earned: wholeNumber,
});

/** What all orchestrators earned together. */
@Injectable()
export class EarningsReader {
  constructor(private readonly database: Database) {}

  async read(range: HistoryRange): Promise<EarnedBucket[]> {
    const rows = await rowsOf(
      this.database.dataSource,
      earnedRow,
      `select starts_at, sum(periods) as periods, sum(paid_periods) as paid, sum(amount_micro_usd)::bigint as earned
         from dashboard.uptime where span = $1 and starts_at >= $2 and starts_at < $3 group by starts_at`,
      [range.by, new Date(range.fromMs), new Date(range.toMs)],
    );
    const known = new Map(rows.map((row) => [row.starts_at.getTime(), row]));
    return bucketStarts(range).map((startMs) => {
      const row = known.get(startMs);
      return {
        startMs,
        periods: Number(row?.periods ?? 0n),
        paidPeriods: Number(row?.paid ?? 0n),
        earnedMicroUsd: row?.earned ?? 0n,
      };
    });
  }
}
