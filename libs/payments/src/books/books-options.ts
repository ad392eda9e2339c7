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
  /** Whether one worker, container or Engine may earn for several orchestrators. */
  allowSharedWorkers: boolean;
  /** How long after it was set a payout address takes effect. */
  payoutAddressDelaySeconds: number;
  /** The first attempt at a period comes this long after its end. Default 500. */
  reportDelayMs?: number;
  /** One attempt at most. Default 5,000. */
  fetchTimeoutMs?: number;
  /** Questions at once that may be answered promptly; slow ones are waited for besides. Default 256. */
  fetchConcurrency?: number;
  /** The share of paid periods that are asked about twice, at random. Default 625. */
  secondQuestionBasisPoints?: number;
  /** What payouts are made in, as `PaymentChannel.asset` names it; `ledger` unless given. */
  payoutAsset?: string;
  /** What the workers' reports must be about; anything unless given. */
  capability?: string;
}

export const BOOKS_OPTIONS = Symbol('BOOKS_OPTIONS');
