import { Database } from '#platform/database';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { bucketStarts, type HistoryRange } from './history-range.js';
import { rowsOf, wholeNumber } from './rows.js';

export interface FleetHistory {
  starts: number[];
  orchestrators: {
    orchestratorId: string;
    /** Basis points up, by bucket; null where nothing was judged. */
    upBasisPoints: (number | null)[];
    unpaid: { bucket: number; periods: number; reason: string }[];
    earnedMicroUsd: bigint;
  }[];
}

/** One row for each orchestrator, its cells as JSON: half a million objects otherwise, and PostgreSQL's own arrays are slow to read. */
const fleetRow = z.object({
  orchestrator_id: z.uuid(),
  buckets: z.array(z.int()),
  up_bp: z.array(z.int()),
  unpaid_buckets: z.array(z.int()).nullable(),
  unpaid_periods: z.array(z.int()).nullable(),
  unpaid_reasons: z.array(z.string()).nullable(),
  earned: wholeNumber,
});

const perOrchestrator = `
  select orchestrator_id, to_json(array_agg(bucket)) as buckets,
         to_json(array_agg((up_ms * 10000 / judged_ms)::int)) as up_bp,
         to_json(array_agg(bucket) filter (where unpaid > 0)) as unpaid_buckets,
         to_json(array_agg(unpaid) filter (where unpaid > 0)) as unpaid_periods,
         to_json(array_agg(reason) filter (where unpaid > 0)) as unpaid_reasons,
         sum(amount_micro_usd)::bigint as earned
    from cell group by orchestrator_id`;

/** Seconds as a float hold whole milliseconds exactly, and are four times as fast as `extract`'s numeric. */
const bucketOf = (column: string) =>
  `floor(date_part('epoch', ${column} - $1::timestamptz) * 1000 / $3)::int`;

const fromAssessments = `
  with period as (
    select orchestrator_id, ${bucketOf('period_start')} as bucket,
           round(date_part('epoch', period_end - period_start) * 1000)::bigint as judged_ms,
           up_ms, window_ms, decision, reason, amount_micro_usd
      from payments.assessment where period_start >= $1 and period_start < $2),
  cell as (
    select orchestrator_id, bucket, sum(judged_ms)::bigint as judged_ms,
           sum(case when window_ms > 0 then up_ms * judged_ms / window_ms else 0 end)::bigint as up_ms,
           (count(*) filter (where decision = 'unpaid'))::int as unpaid, coalesce(max(reason), '') as reason,
           sum(amount_micro_usd)::bigint as amount_micro_usd
      from period group by orchestrator_id, bucket)
  ${perOrchestrator}`;

const fromSums = `
  with unpaid as (
    select distinct on (orchestrator_id, starts_at) orchestrator_id, starts_at, reason
      from dashboard.unpaid where span = $4 and starts_at >= $1 and starts_at < $2
      order by orchestrator_id, starts_at, periods desc),
  cell as (
    select u.orchestrator_id, ${bucketOf('u.starts_at')} as bucket, u.judged_ms, u.up_ms,
           u.periods - u.paid_periods as unpaid, coalesce(unpaid.reason, '') as reason, u.amount_micro_usd
      from dashboard.uptime u left join unpaid using (orchestrator_id, starts_at)
     where u.span = $4 and u.starts_at >= $1 and u.starts_at < $2)
  ${perOrchestrator}`;

/** Uptime of everybody side by side. */
@Injectable()
export class FleetHistoryReader {
  constructor(private readonly database: Database) {}

  async read(range: HistoryRange): Promise<FleetHistory> {
    const starts = bucketStarts(range);
    const { by, fromMs, toMs, bucketMs } = range;
    const times = [new Date(fromMs), new Date(toMs), bucketMs];
    const rows = await (by === 'minute'
      ? rowsOf(this.database.dataSource, fleetRow, fromAssessments, times)
      : rowsOf(this.database.dataSource, fleetRow, fromSums, [...times, by]));
    return { starts, orchestrators: rows.map((row) => toFleetRow(row, starts.length)) };
  }
}

function toFleetRow(row: z.output<typeof fleetRow>, length: number): FleetHistory['orchestrators'][number] {
  const upBasisPoints = new Array<number | null>(length).fill(null);
  row.buckets.forEach((bucket, place) => (upBasisPoints[bucket] = row.up_bp[place] ?? null));
  return {
    orchestratorId: row.orchestrator_id,
    upBasisPoints,
    unpaid: (row.unpaid_buckets ?? [])
      .map((bucket, place) => ({
        bucket,
        periods: row.unpaid_periods?.[place] ?? 0,
        reason: row.unpaid_reasons?.[place] ?? '',
      }))
      .sort((a, b) => a.bucket - b.bucket),
    earnedMicroUsd: row.earned,
  };
}
