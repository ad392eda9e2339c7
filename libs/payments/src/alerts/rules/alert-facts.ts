/** What the rules judge. Times in Unix milliseconds by the database's clock. */
export interface AlertFacts {
  nowMs: number;
  periodMs: number;
  /** Those that are active now. */
  orchestrators: readonly OrchestratorFacts[];
  /** Undefined: not known now, so that nothing is opened or closed because of it. */
  payouts: PayoutFacts | undefined;
  backlog: BacklogFacts | undefined;
  chain: ChainFacts | undefined;
  funds: FundsFacts | undefined;
  reconciliation: ReconciliationFacts | undefined;
}

export interface OrchestratorFacts {
  id: string;
  name: string;
  /** End of the oldest period that its worker was asked about and has not told of; null when there is none. */
  unansweredSinceMs: number | null;
  /**
   * The same, unless its silence reaches back into the last outage of everybody's evidence that is over: then when it was
   * first asked in vain about a period that ended after that; null until it has been.
   */
  silentByItselfSinceMs: number | null;
  /** Questions in a row without an answer; 0 while the worker answers, also when it says "not yet". */
  failures: number;
  lastFailure: string | null;
  /** The newest decided ones, the newest first. */
  periods: readonly PeriodFacts[];
  requiredServices: readonly string[];
}

export interface PeriodFacts {
  startMs: number;
  endMs: number;
  decision: 'paid' | 'unpaid';
  reason: string | null;
  /** Required services by what the report said of them; null without a sound report. */
  services: ServiceFacts | null;
}

export interface ServiceFacts {
  /** Up for no millisecond of the period. */
  down: readonly string[];
  /** Up for some of it, not for all. */
  partly: readonly string[];
}

export interface PayoutFacts {
  /** Neither paid nor given back, the oldest first. */
  open: readonly {
    id: string;
    orchestratorId: string;
    status: string;
    isOnChain: boolean;
    holdReason: string | null;
    amountMicroUsd: bigint;
    createdMs: number;
  }[];
  /** False: there are more than were read. */
  isWhole: boolean;
  pause: { reason: string; actor: string; sinceMs: number } | null;
  pausedLanes: readonly { chainId: string; address: string; reason: string }[];
}

export interface BacklogFacts {
  /** End of the oldest period that has ended and that nobody has looked at; null when there is none. */
  oldestUntouchedMs: number | null;
  periods: number;
}

export interface ChainFacts {
  state: 'off' | 'connecting' | 'ready' | 'unreachable' | 'refused';
  detail: string | null;
  waitsFor: string | null;
}

export interface FundsFacts {
  treasuryMicroUsd: bigint;
  owedMicroUsd: bigint;
  /** Whole hours; null: not known, since nothing was earned lately. */
  payHours: number | null;
  gasWei: bigint;
  gasHours: number | null;
}

export interface ReconciliationFacts {
  atMs: number;
  differences: readonly { account: string; detail: string }[];
}
