import { type Assessment, Assessments, type Page } from '#payments';
import { Database } from '#platform/database';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { bucketStarts, type HistoryRange } from './history-range.js';
import { serviceTimesIn, upPartMs } from './history-sums.js';
import { rowsOf, wholeNumber } from './rows.js';

export interface HistoryBucket {
  startMs: number;
  periods: number;
  paidPeriods: number;
  judgedMs: bigint;
  upMs: bigint;
  earnedMicroUsd: bigint;
  /** The most frequent first, with the words of the latest. */
  reasons: { reason: string; text: string; periods: number }[];
}

export interface ServiceBucket {
  upMs: bigint;
  downMs: bigint;
  startingMs: bigint;
  unknownMs: bigint;
}

export interface OrchestratorHistory {
  buckets: HistoryBucket[];
  services: { name: string; buckets: (ServiceBucket | null)[] }[];
}

const uptimeRow = z.object({
  starts_at: z.date(),
  periods: z.int(),
  paid_periods: z.int(),
  judged_ms: wholeNumber,
  up_ms: wholeNumber,
  amount_micro_usd: wholeNumber,
});
const unpaidRow = z.object({
  starts_at: z.date(),
  reason: z.string(),
  periods: z.int(),
  latest_text: z.string(),
});
const serviceRow = z.object({
  starts_at: z.date(),
  service: z.string(),
  up_ms: wholeNumber,
  down_ms: wholeNumber,
  starting_ms: wholeNumber,
  unknown_ms: wholeNumber,
});

/** Uptime of one orchestrator: as a whole with the reasons, and service by service. */
@Injectable()
export class OrchestratorHistoryReader {
  constructor(
    private readonly database: Database,
    private readonly assessments: Assessments,
  ) {}

  async read(orchestratorId: string, range: HistoryRange): Promise<OrchestratorHistory> {
    const history = new HistoryOfBuckets(range);
    await (range.by === 'minute'
      ? this.addPeriods(history, orchestratorId, range)
      : this.addSums(history, orchestratorId, range));
    return history.done();
  }

  /** Minutes are not summed up: there are few of them on a page, and as many rows to store as there are assessments. */
  private async addPeriods(
    history: HistoryOfBuckets,
    orchestratorId: string,
    range: HistoryRange,
  ): Promise<void> {
    let cursor: string | null = null;
    do {
      const page: Page<Assessment> = await this.assessments.list({
        ...{ orchestratorId, cursor, limit: 500 },
        ...{ from: new Date(range.fromMs), to: new Date(range.toMs) },
      });
      for (const assessment of page.items)
        if (assessment.decision !== 'pending') history.addPeriod(assessment);
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  private async addSums(
    history: HistoryOfBuckets,
    orchestratorId: string,
    range: HistoryRange,
  ): Promise<void> {
    const where = 'where span = $1 and orchestrator_id = $2 and starts_at >= $3 and starts_at < $4';
    const given = [range.by, orchestratorId, new Date(range.fromMs), new Date(range.toMs)];
    // Of one moment: sums that are added to in between would contradict each other.
    const [uptime, unpaid, services] = await this.database.dataSource.transaction(
      'REPEATABLE READ',
      async (sql) => [
        await rowsOf(
          sql,
          uptimeRow,
          `select starts_at, periods, paid_periods, judged_ms, up_ms, amount_micro_usd from dashboard.uptime ${where}`,
          given,
        ),
        await rowsOf(
          sql,
          unpaidRow,
          `select starts_at, reason, periods, latest_text from dashboard.unpaid ${where}`,
          given,
        ),
        await rowsOf(
          sql,
          serviceRow,
          `select starts_at, service, up_ms, down_ms, starting_ms, unknown_ms from dashboard.service_uptime ${where}`,
          given,
        ),
      ],
    );
    for (const row of uptime) {
      history.add(row.starts_at.getTime(), {
        ...{ periods: row.periods, paidPeriods: row.paid_periods, judgedMs: row.judged_ms },
        ...{ upMs: row.up_ms, earnedMicroUsd: row.amount_micro_usd },
      });
    }
    for (const row of unpaid)
      history.addReason(row.starts_at.getTime(), row.reason, row.latest_text, row.periods);
    for (const row of services) {
      history.addService(row.starts_at.getTime(), row.service, {
        ...{ upMs: row.up_ms, downMs: row.down_ms, startingMs: row.starting_ms, unknownMs: row.unknown_ms },
      });
    }
  }
}

/** Buckets that are filled one fact at a time. */
class HistoryOfBuckets {
  private readonly buckets: HistoryBucket[];
  private readonly services = new Map<string, (ServiceBucket | null)[]>();

  constructor(private readonly range: HistoryRange) {
    this.buckets = bucketStarts(range).map((startMs) => ({
      startMs,
      ...{ periods: 0, paidPeriods: 0, judgedMs: 0n, upMs: 0n, earnedMicroUsd: 0n, reasons: [] },
    }));
  }

  private placeOf(atMs: number): number {
    return Math.floor((atMs - this.range.fromMs) / this.range.bucketMs);
  }

  addPeriod(assessment: Assessment): void {
    const startMs = assessment.periodStart.getTime();
    const endMs = assessment.periodEnd.getTime();
    const { reason, reasonText, upMs, windowMs, amountMicroUsd, orchestratorId } = assessment;
    const isPaid = assessment.decision === 'paid';
    this.add(startMs, {
      ...{
        periods: 1,
        paidPeriods: isPaid ? 1 : 0,
        judgedMs: BigInt(endMs - startMs),
        earnedMicroUsd: amountMicroUsd,
      },
      upMs: upPartMs({
        orchestratorId,
        startMs,
        endMs,
        isPaid,
        reason,
        reasonText,
        upMs,
        windowMs,
        amountMicroUsd,
        report: null,
      }),
    });
    if (reason !== null) this.addReason(startMs, reason, reasonText, 1);
    if (upMs === null) return;
    for (const { service, ...times } of serviceTimesIn(assessment.evidence))
      this.addService(startMs, service, times);
  }

  add(atMs: number, sum: Omit<HistoryBucket, 'startMs' | 'reasons'>): void {
    const bucket = this.buckets[this.placeOf(atMs)];
    if (bucket === undefined) return;
    bucket.periods += sum.periods;
    bucket.paidPeriods += sum.paidPeriods;
    bucket.judgedMs += sum.judgedMs;
    bucket.upMs += sum.upMs;
    bucket.earnedMicroUsd += sum.earnedMicroUsd;
  }

  /** The newest comes first, so that its words stay. */
  addReason(atMs: number, reason: string, text: string, periods: number): void {
    const reasons = this.buckets[this.placeOf(atMs)]?.reasons;
    const known = reasons?.find((each) => each.reason === reason);
    if (known === undefined) reasons?.push({ reason, text, periods });
    else known.periods += periods;
  }

  addService(atMs: number, name: string, times: ServiceBucket): void {
    const buckets =
      this.services.get(name) ?? new Array<ServiceBucket | null>(this.buckets.length).fill(null);
    this.services.set(name, buckets);
    const place = this.placeOf(atMs);
    if (place < 0 || place >= buckets.length) return;
    const known = buckets[place] ?? { upMs: 0n, downMs: 0n, startingMs: 0n, unknownMs: 0n };
    buckets[place] = {
      upMs: known.upMs + times.upMs,
      downMs: known.downMs + times.downMs,
      startingMs: known.startingMs + times.startingMs,
      unknownMs: known.unknownMs + times.unknownMs,
    };
  }

  done(): OrchestratorHistory {
    for (const { reasons } of this.buckets) reasons.sort((a, b) => b.periods - a.periods);
    const services = [...this.services].map(([name, buckets]) => ({ name, buckets }));
    return { buckets: this.buckets, services: services.sort((a, b) => a.name.localeCompare(b.name, 'en')) };
  }
}
