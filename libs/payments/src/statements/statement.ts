export type StatementLineKind = 'accrual' | 'adjustment' | 'payout' | 'return';

/** One movement of what is payable to an orchestrator. */
export interface StatementLine {
  /** When it is true in the world; of an accrual the start of its period. */
  at: Date;
  kind: StatementLineKind;
  /** Of an accrual. */
  periodStart: Date | null;
  /** Of a payout and its return. */
  payoutId: string | null;
  /** Why a person adjusted. */
  reason: string | null;
  /** A payout's is negative. */
  amountMicroUsd: bigint;
  /** Payable after this line. */
  balanceMicroUsd: bigint;
}

export interface StatementRange {
  /** Default: 31 days before `to`, or before now where `to` lies beyond. */
  from?: Date | undefined;
  /** Exclusive. Default: now, and what happened at this very moment is in it. */
  to?: Date | undefined;
}

export interface StatementHead {
  orchestratorId: string;
  from: Date;
  to: Date;
  lineCount: number;
  /** Everything before `from`. */
  openingMicroUsd: bigint;
  /** Opening plus every line. With `to` beyond now it is what is payable. */
  closingMicroUsd: bigint;
}

export interface Statement extends StatementHead {
  lines: StatementLine[];
}
