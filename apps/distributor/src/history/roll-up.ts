import { decompressReport } from '#payments';
import { Database } from '#platform/database';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { rowsOf, wholeNumber } from './rows.js';
import { HistorySums, type ServiceSum, type UnpaidSum, type UptimeSum } from './history-sums.js';

/** A transaction of about a third of a second, most of it reading reports. */
const ROWS_AT_ONCE = 2_000;

const judgedRow = z.object({
  seq: wholeNumber,
  orchestrator_id: z.uuid(),
  period_start: z.date(),
  period_end: z.date(),
  decision: z.enum(['paid', 'unpaid']),
  reason: z.string().nullable(),
  reason_text: z.string(),
  up_ms: wholeNumber.nullable(),
  window_ms: wholeNumber.nullable(),
  amount_micro_usd: wholeNumber,
  report: z.instanceof(Buffer).nullable(),
});

/** Reports that were refused may hold anything. */
function readReport(stored: Buffer | null): unknown {
  if (stored === null) return null;
  try {
    return decompressReport(stored);
  } catch {
    return null;
  }
}

/** Adds what was decided since to the sums by hour and day. One replica at a time; a crash repeats nothing. */
@Injectable()
export class RollUp {
  constructor(private readonly database: Database) {}

  /** @returns how many assessments were added; fewer than asked for when none are left, or another replica is at it */
  async next(rowsAtOnce = ROWS_AT_ONCE): Promise<{ added: number; more: boolean }> {
    const [complete] = await rowsOf(
      this.database.dataSource,
      z.object({ seq: wholeNumber }),
      'select dashboard.complete_up_to() as seq',
    );
    return this.database.transaction(async (tx) => {
      const [progress] = await rowsOf(
        tx,
        z.object({ up_to_seq: wholeNumber }),
        'select up_to_seq from dashboard.progress for update skip locked',
      );
      if (progress === undefined || complete === undefined || progress.up_to_seq >= complete.seq) {
        return { added: 0, more: false };
      }
      const rows = await rowsOf(
        tx,
        judgedRow,
        `select a.seq, a.orchestrator_id, a.period_start, a.period_end, a.decision, a.reason, a.reason_text, a.up_ms,
                a.window_ms, a.amount_micro_usd, case when a.up_ms is not null then e.report end as report
           from payments.assessment a left join payments.evidence e on e.assessment_id = a.id
          where a.seq > $1 and a.seq <= $2 order by a.seq limit $3`,
        [progress.up_to_seq, complete.seq, rowsAtOnce],
      );
      await store(tx, sumsOf(rows));
      const isLast = rows.length < rowsAtOnce;
      const upTo = isLast ? complete.seq : (rows.at(-1)?.seq ?? complete.seq);
      await tx.query('update dashboard.progress set up_to_seq = $1', [upTo]);
      return { added: rows.length, more: !isLast };
    });
  }
}

function sumsOf(rows: readonly z.output<typeof judgedRow>[]): HistorySums {
  const sums = new HistorySums();
  for (const row of rows) {
    sums.add({
      orchestratorId: row.orchestrator_id,
      startMs: row.period_start.getTime(),
      endMs: row.period_end.getTime(),
      isPaid: row.decision === 'paid',
      reason: row.reason,
      reasonText: row.reason_text,
      upMs: row.up_ms,
      windowMs: row.window_ms,
      amountMicroUsd: row.amount_micro_usd,
      report: readReport(row.report),
    });
  }
  return sums;
}

async function store(tx: EntityManager, { uptime, unpaid, services }: HistorySums): Promise<void> {
  await storeUptime(tx, [...uptime.values()]);
  await storeUnpaid(tx, [...unpaid.values()]);
  await storeServices(tx, [...services.values()]);
}

/** Arrays for the three columns that every sum begins with. */
const places = (sums: readonly { span: string; startMs: number; orchestratorId: string }[]): unknown[][] => [
  sums.map(({ span }) => span),
  sums.map(({ startMs }) => new Date(startMs)),
  sums.map(({ orchestratorId }) => orchestratorId),
];

const storeUptime = (tx: EntityManager, sums: readonly UptimeSum[]): Promise<unknown> =>
  tx.query(
    `insert into dashboard.uptime as u
       select * from unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::int[], $5::int[], $6::bigint[], $7::bigint[], $8::bigint[])
     on conflict (span, orchestrator_id, starts_at) do update set
       periods = u.periods + excluded.periods, paid_periods = u.paid_periods + excluded.paid_periods,
       judged_ms = u.judged_ms + excluded.judged_ms, up_ms = u.up_ms + excluded.up_ms,
       amount_micro_usd = u.amount_micro_usd + excluded.amount_micro_usd`,
    [
      ...places(sums),
      sums.map(({ periods }) => periods),
      sums.map(({ paidPeriods }) => paidPeriods),
      sums.map(({ judgedMs }) => judgedMs),
      sums.map(({ upMs }) => upMs),
      sums.map(({ amountMicroUsd }) => amountMicroUsd),
    ],
  );

const storeUnpaid = (tx: EntityManager, sums: readonly UnpaidSum[]): Promise<unknown> =>
  tx.query(
    `insert into dashboard.unpaid as u
       select * from unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::text[], $5::int[], $6::timestamptz[], $7::text[])
     on conflict (span, orchestrator_id, starts_at, reason) do update set
       periods = u.periods + excluded.periods,
       latest_text = case when excluded.latest_period >= u.latest_period then excluded.latest_text else u.latest_text end,
       latest_period = greatest(u.latest_period, excluded.latest_period)`,
    [
      ...places(sums),
      sums.map(({ reason }) => reason),
      sums.map(({ periods }) => periods),
      sums.map(({ latestMs }) => new Date(latestMs)),
      sums.map(({ latestText }) => latestText),
    ],
  );

const storeServices = (tx: EntityManager, sums: readonly ServiceSum[]): Promise<unknown> =>
  tx.query(
    `insert into dashboard.service_uptime as u
       select * from unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
     on conflict (span, orchestrator_id, starts_at, service) do update set
       up_ms = u.up_ms + excluded.up_ms, down_ms = u.down_ms + excluded.down_ms,
       starting_ms = u.starting_ms + excluded.starting_ms, unknown_ms = u.unknown_ms + excluded.unknown_ms`,
    [
      ...places(sums),
      sums.map(({ service }) => service),
      sums.map(({ upMs }) => upMs),
      sums.map(({ downMs }) => downMs),
      sums.map(({ startingMs }) => startingMs),
      sums.map(({ unknownMs }) => unknownMs),
    ],
  );
