import { z } from 'zod';

/** One assessment as the sums are made from it. */
export interface JudgedPeriod {
  orchestratorId: string;
  startMs: number;
  endMs: number;
  isPaid: boolean;
  reason: string | null;
  reasonText: string;
  /** Over all required services; null without a sound report. */
  upMs: bigint | null;
  windowMs: bigint | null;
  amountMicroUsd: bigint;
  /** The signed report as it came; null without one. */
  report: unknown;
}

export interface UptimeSum {
  span: Span;
  startMs: number;
  orchestratorId: string;
  periods: number;
  paidPeriods: number;
  judgedMs: bigint;
  upMs: bigint;
  amountMicroUsd: bigint;
}

export interface UnpaidSum {
  span: Span;
  startMs: number;
  orchestratorId: string;
  reason: string;
  periods: number;
  latestMs: number;
  latestText: string;
}

export interface ServiceSum {
  span: Span;
  startMs: number;
  orchestratorId: string;
  service: string;
  upMs: bigint;
  downMs: bigint;
  startingMs: bigint;
  unknownMs: bigint;
}

export const spans = ['hour', 'day'] as const;
export type Span = (typeof spans)[number];

const lengthMs: Record<Span, number> = { hour: 3_600_000, day: 86_400_000 };

const wholeMs = z.int().min(0).transform(BigInt);

/** Of a report that has been found sound no more than what is summed. */
const serviceTimes = z.object({
  report: z.object({
    services: z
      .array(
        z.object({
          name: z.string(),
          up_ms: wholeMs,
          down_ms: wholeMs,
          starting_ms: wholeMs,
          unknown_ms: wholeMs,
        }),
      )
      .max(200),
  }),
});

/** What the report says of each service; nothing when it cannot be read. */
export function serviceTimesIn(report: unknown): Omit<ServiceSum, 'span' | 'startMs' | 'orchestratorId'>[] {
  const parsed = serviceTimes.safeParse(report);
  if (!parsed.success) return [];
  return parsed.data.report.services.map((service) => ({
    service: service.name,
    upMs: service.up_ms,
    downMs: service.down_ms,
    startingMs: service.starting_ms,
    unknownMs: service.unknown_ms,
  }));
}

/** The part of a period that was up; the share of its services' time, so that hours of different policies add up. */
export const upPartMs = ({ startMs, endMs, upMs, windowMs }: JudgedPeriod): bigint =>
  upMs === null || windowMs === null || windowMs === 0n ? 0n : (upMs * BigInt(endMs - startMs)) / windowMs;

/** Sums of some assessments by hour and by day, to be added to what is stored. */
export class HistorySums {
  readonly uptime = new Map<string, UptimeSum>();
  readonly unpaid = new Map<string, UnpaidSum>();
  readonly services = new Map<string, ServiceSum>();

  add(period: JudgedPeriod): void {
    const services = period.upMs === null ? [] : serviceTimesIn(period.report);
    for (const span of spans) {
      const startMs = Math.floor(period.startMs / lengthMs[span]) * lengthMs[span];
      const place = { span, startMs, orchestratorId: period.orchestratorId };
      const key = `${span} ${startMs} ${period.orchestratorId}`;
      this.addUptime(key, place, period);
      if (period.reason !== null) this.addUnpaid(`${key} ${period.reason}`, place, period.reason, period);
      for (const times of services) this.addService(`${key} ${times.service}`, place, times);
    }
  }

  private addUptime(key: string, place: Place, period: JudgedPeriod): void {
    const sum = this.uptime.get(key) ?? {
      ...place,
      ...{ periods: 0, paidPeriods: 0, judgedMs: 0n, upMs: 0n, amountMicroUsd: 0n },
    };
    sum.periods += 1;
    sum.paidPeriods += period.isPaid ? 1 : 0;
    sum.judgedMs += BigInt(period.endMs - period.startMs);
    sum.upMs += upPartMs(period);
    sum.amountMicroUsd += period.amountMicroUsd;
    this.uptime.set(key, sum);
  }

  private addUnpaid(key: string, place: Place, reason: string, { startMs, reasonText }: JudgedPeriod): void {
    const sum = this.unpaid.get(key) ?? { ...place, reason, periods: 0, latestMs: -1, latestText: '' };
    sum.periods += 1;
    if (startMs >= sum.latestMs) Object.assign(sum, { latestMs: startMs, latestText: reasonText });
    this.unpaid.set(key, sum);
  }

  private addService(key: string, place: Place, times: ReturnType<typeof serviceTimesIn>[number]): void {
    const sum = this.services.get(key);
    if (sum === undefined) {
      this.services.set(key, { ...place, ...times });
      return;
    }
    sum.upMs += times.upMs;
    sum.downMs += times.downMs;
    sum.startingMs += times.startingMs;
    sum.unknownMs += times.unknownMs;
  }
}

interface Place {
  span: Span;
  startMs: number;
  orchestratorId: string;
}
