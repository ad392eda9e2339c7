export const payoutStatuses = ['reserved', 'held', 'sent', 'mined', 'paid', 'returned'] as const;
export type PayoutStatus = (typeof payoutStatuses)[number];

export const payoutMethods = ['ledger', 'usdc', 'erc20'] as const;
/** Bound to a payout when it is made. */
export type PayoutMethod = (typeof payoutMethods)[number];

/** One amount owed to one address. Its identity, amount and recipient never change. */
export interface Payout {
  id: string;
  orchestratorId: string;
  /** Null for method `ledger` when none was known. */
  payoutAddress: string | null;
  amountMicroUsd: bigint;
  method: PayoutMethod;
  /** `mined` is provisional; only `paid` is final. */
  status: PayoutStatus;
  /** Why it is held. */
  holdReason: string | null;
  /** The tx that paid it or, so far, carries it. */
  txHash: string | null;
  blockNumber: bigint | null;
  /** Method `ledger`: where else it was paid. */
  outsideReference: string | null;
  authorizationNonce: string | null;
  /** How often it was paid in a final block that left the chain. */
  reorgs: number;
  createdAt: Date;
  paidAt: Date | null;
}

/** One signed version of a tx that carries the payout. */
export interface PayoutAttempt {
  settlementId: string;
  nonce: bigint;
  seq: number;
  kind: 'pay' | 'cancel';
  txHash: string;
  sendState: 'signed' | 'maybe_sent' | 'accepted' | 'rejected';
  maxFeeWei: bigint;
  priorityFeeWei: bigint;
  signedAt: Date;
  firstSentAt: Date | null;
  lastSentAt: Date | null;
  sendCount: number;
  lastError: string | null;
}

export interface PayoutSettlement {
  settlementId: string;
  status: 'signed' | 'sent' | 'mined' | 'final';
  minedTxHash: string | null;
  minedBlockNumber: bigint | null;
  minedBlockHash: string | null;
  /** What became of this payout in it; null while open. */
  outcome: 'paid' | 'unused' | null;
}

export interface PayoutChange {
  at: Date;
  status: PayoutStatus;
  detail: string;
}

export interface PayoutDetail extends Payout {
  settlements: PayoutSettlement[];
  attempts: PayoutAttempt[];
  changes: PayoutChange[];
}

/** An orchestrator that has enough to be paid but is not. */
export interface SkippedPayee {
  orchestratorId: string;
  payableMicroUsd: bigint;
  reason: string;
}

export interface PayoutRun {
  payouts: Payout[];
  skipped: SkippedPayee[];
}
