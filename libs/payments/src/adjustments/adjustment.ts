import { MICRO_PER_USD } from '../money/micro-usd.js';

/** A slip of the keyboard must not become a fortune: more than this is several adjustments, each with its reason. */
export const MAX_ADJUSTMENT_MICRO_USD = 1_000_000n * MICRO_PER_USD;

export const REASON_LENGTH = { min: 3, max: 500 } as const;

/** A correction of what is payable, made by a person: an entry of its own, never an edit. */
export interface Adjustment {
  id: string;
  orchestratorId: string;
  /** Negative: taken back. */
  amountMicroUsd: bigint;
  reason: string;
  actor: string;
  createdAt: Date;
  /** Payable right after it; below zero nothing is paid until it has grown again. */
  payableAfterMicroUsd: bigint;
}

export interface NewAdjustment {
  orchestratorId: string;
  amountMicroUsd: bigint;
  reason: string;
  /** Makes a repetition harmless: the same key with the same content is one adjustment. */
  idempotencyKey?: string | undefined;
}
