import { z } from 'zod';
import { identifier, money, percentage, time, timeInput, usd } from '../rest/wire.js';
import type { EarnedBucket } from './earnings.js';
import type { FleetHistory } from './fleet-history.js';
import { type HistoryRange, percentageOf } from './history-range.js';
import type { OrchestratorHistory, ServiceBucket } from './orchestrator-history.js';

const by = z.enum(['minute', 'hour', 'day'], 'must be minute, hour or day');
const longBy = z.enum(['hour', 'day'], 'must be hour or day');

const byMeta = {
  description: 'Length of a bucket; a day is a UTC day, and a minute is a period where periods are longer',
  example: 'hour',
};
const from = () => timeInput().optional().meta({ description: 'Inclusive; widened to whole buckets' });
const to = () => timeInput().optional().meta({ description: 'Exclusive; now unless given' });

export const fleetQuery = z.object({ by: by.default('hour').meta(byMeta) });
export const historyQuery = z.object({ by: by.default('hour').meta(byMeta), from: from(), to: to() });
export const earningsQuery = z.object({ by: longBy.default('hour').meta(byMeta), from: from(), to: to() });

const range = { by: by.meta(byMeta), from: time(), to: time() };

const rangeToWire = ({ by: length, fromMs, toMs }: HistoryRange) => ({
  by: length,
  from: isoOf(fromMs),
  to: isoOf(toMs),
});

const isoOf = (atMs: number): string => new Date(atMs).toISOString();

export const fleetSchema = z
  .object({
    ...range,
    bucket_starts: z.array(time()).meta({ description: 'The oldest first' }),
    orchestrators: z
      .array(
        z.object({
          orchestrator_id: identifier(),
          uptime_percentages: z
            .array(percentage().nullable())
            .meta({ description: 'By bucket; null where nothing was judged' }),
          unpaid: z
            .array(
              z.object({
                bucket: z.int().meta({ description: 'Its place among the buckets', example: 47 }),
                periods: z.int().meta({ description: 'How many were not paid', example: 3 }),
                reason: z.string().meta({ description: 'The most frequent', example: 'below_threshold' }),
              }),
            )
            .meta({ description: 'Buckets with periods that were not paid' }),
          earned_usd: money().meta({ description: 'In all buckets together, US dollars' }),
        }),
      )
      .meta({ description: 'Everybody of whom something was judged in this time' }),
  })
  .meta({ id: 'FleetHistory' });

export const fleetToWire = (history: FleetHistory, asked: HistoryRange): z.output<typeof fleetSchema> => ({
  ...rangeToWire(asked),
  bucket_starts: history.starts.map(isoOf),
  orchestrators: history.orchestrators.map((row) => ({
    orchestrator_id: row.orchestratorId,
    uptime_percentages: row.upBasisPoints.map((points) => (points === null ? null : points / 100)),
    unpaid: row.unpaid,
    earned_usd: usd(row.earnedMicroUsd),
  })),
});

const milliseconds = (state: string) =>
  z.int().meta({ description: `Milliseconds in which it was ${state}`, example: 0 });

export const historySchema = z
  .object({
    orchestrator_id: identifier(),
    ...range,
    buckets: z
      .array(
        z.object({
          start: time(),
          end: time(),
          uptime_percentage: percentage().nullable().meta({
            description: 'Over the periods judged; without a sound report a period counts as not up',
          }),
          periods: z.int().meta({ description: 'Judged in it', example: 60 }),
          paid_periods: z.int().meta({ description: 'Of these', example: 59 }),
          earned_usd: money(),
          reasons: z
            .array(
              z.object({
                reason: z.string().meta({ description: 'Code', example: 'below_threshold' }),
                text: z.string().meta({
                  description: 'In the words of the latest of them',
                  example: 'autogen_agent was down for 31.2 s',
                }),
                periods: z.int().meta({ description: 'How many', example: 1 }),
              }),
            )
            .meta({ description: 'Why periods were not paid, the most frequent first' }),
        }),
      )
      .meta({ description: 'The oldest first, empty ones too' }),
    services: z
      .array(
        z.object({
          name: z.string().meta({ example: 'autogen_agent' }),
          buckets: z
            .array(
              z
                .object({
                  uptime_percentage: percentage(),
                  up_ms: milliseconds('up'),
                  down_ms: milliseconds('down'),
                  starting_ms: milliseconds('starting'),
                  unknown_ms: milliseconds('unknown'),
                })
                .nullable(),
            )
            .meta({ description: 'One for each bucket; null without a sound report' }),
        }),
      )
      .meta({ description: 'As the signed reports say' }),
  })
  .meta({ id: 'OrchestratorHistory' });

const serviceToWire = ({ upMs, downMs, startingMs, unknownMs }: ServiceBucket) => ({
  uptime_percentage: percentageOf(upMs, upMs + downMs + startingMs + unknownMs) ?? 0,
  up_ms: Number(upMs),
  down_ms: Number(downMs),
  starting_ms: Number(startingMs),
  unknown_ms: Number(unknownMs),
});

export const historyToWire = (
  orchestratorId: string,
  history: OrchestratorHistory,
  asked: HistoryRange,
): z.output<typeof historySchema> => ({
  orchestrator_id: orchestratorId,
  ...rangeToWire(asked),
  buckets: history.buckets.map((bucket) => ({
    start: isoOf(bucket.startMs),
    end: isoOf(bucket.startMs + asked.bucketMs),
    uptime_percentage: percentageOf(bucket.upMs, bucket.judgedMs),
    periods: bucket.periods,
    paid_periods: bucket.paidPeriods,
    earned_usd: usd(bucket.earnedMicroUsd),
    reasons: bucket.reasons,
  })),
  services: history.services.map(({ name, buckets }) => ({
    name,
    buckets: buckets.map((bucket) => (bucket === null ? null : serviceToWire(bucket))),
  })),
});

export const earningsSchema = z
  .object({
    by: longBy.meta(byMeta),
    from: time(),
    to: time(),
    buckets: z
      .array(
        z.object({
          start: time(),
          end: time(),
          periods: z.int().meta({ description: 'Judged in it, of everybody', example: 420 }),
          paid_periods: z.int().meta({ description: 'Of these', example: 418 }),
          earned_usd: money(),
        }),
      )
      .meta({ description: 'The oldest first, empty ones too' }),
  })
  .meta({ id: 'Earnings' });

export const earningsToWire = (
  buckets: readonly EarnedBucket[],
  length: 'hour' | 'day',
  { fromMs, toMs, bucketMs }: HistoryRange,
): z.output<typeof earningsSchema> => ({
  by: length,
  from: isoOf(fromMs),
  to: isoOf(toMs),
  buckets: buckets.map((bucket) => ({
    start: isoOf(bucket.startMs),
    end: isoOf(bucket.startMs + bucketMs),
    periods: bucket.periods,
    paid_periods: bucket.paidPeriods,
    earned_usd: usd(bucket.earnedMicroUsd),
  })),
});
