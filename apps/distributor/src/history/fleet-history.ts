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

/** One row for each orchestrator: half a million cells would be as many objects otherwise. */
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
  select orchestrator_id, array_agg(bucket order by bucket) as buckets,
         array_agg((up_ms * 10000 / judged_ms)::int order by bucket) as up_bp,
         array_agg(bucket order by bucket) filter (where unpaid > 0) as unpaid_buckets,
         array_agg(unpaid order by bucket) filter (where unpaid > 0) as unpaid_periods,
         array_agg(reason order by bucket) filter (where unpaid > 0) as unpaid_reasons,
         sum(amount_micro_usd)::bigint as earned
    from cell group by orchestrator_id`;

const fromAssessments = `
  with cell as (
    select orchestrator_id, floor(extract(epoch from period_start - $1::timestamptz) * 1000 / $3)::int as bucket,
           sum(extract(epoch from period_end - period_start) * 1000)::bigint as judged_ms,
           sum(case when window_ms > 0
                    then up_ms * (extract(epoch from period_end - period_start) * 1000)::bigint / window_ms else 0 end)::bigint as up_ms,
           (count(*) filter (where decision = 'unpaid'))::int as unpaid,
           coalesce(max(reason), '') as reason,
           sum(amount_micro_usd)::bigint as amount_micro_usd
      from payments.assessment where period_start >= $1 and period_start < $2 group by 1, 2)
  ${perOrchestrator}`;

const fromSums = `
  with unpaid as (
    select distinct on (orchestrator_id, starts_at) orchestrator_id, starts_at, reason
      from dashboard.unpaid where span = $4 and starts_at >= $1 and starts_at < $2
      order by orchestrator_id, starts_at, periods desc),
  cell as (
    select u.orchestrator_id, floor(extract(epoch from u.starts_at - $1::timestamptz) * 1000 / $3)::int as bucket, u.judged_ms, u.up_ms,
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
    unpaid: (row.unpaid_buckets ?? []).map((bucket, place) => ({
      bucket,
      periods: row.unpaid_periods?.[place] ?? 0,
      reason: row.unpaid_reasons?.[place] ?? '',
    })),
    earnedMicroUsd: row.earned,
  };
}
