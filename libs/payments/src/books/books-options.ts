import type { UptimeAggregation } from '#monitoring';

/** How the books are kept. Amounts in micro-dollars, shares in basis points. */
export interface BooksOptions {
  /** Length of a period; must divide 3600. Kept with the books. */
  paymentIntervalSeconds: number;
  /** Per minute. Seeds the first default rate and is not read afterwards. */
  basePaymentMicroUsd: bigint;
  /** No rate above this one is accepted. */
  maxRateMicroUsd: bigint;
  /** Threshold, aggregation and services seed the first default policy and are not read afterwards. */
  minServiceUptimeBasisPoints: bigint;
  uptimeAggregation: UptimeAggregation;
  requiredServices: readonly string[];
  /** How long after the first attempt a period without evidence stays pending. */
  evidenceGraceSeconds: number;
  /** Whether one worker may earn for several orchestrators in one period. */
  allowSharedWorkers: boolean;
  /** How long after it was set a payout address takes effect. */
  payoutAddressDelaySeconds: number;
  /** The first attempt at a period comes this long after its end. Default 500. */
  reportDelayMs?: number;
  /** One attempt at most. Default 5,000. */
  fetchTimeoutMs?: number;
  /** Orchestrators asked at once. Default 256: those that do not answer must not fill all places. */
  fetchConcurrency?: number;
}

export const BOOKS_OPTIONS = Symbol('BOOKS_OPTIONS');
