import type { UptimeAggregation } from '#monitoring';

export type OrchestratorStatus = 'active' | 'paused' | 'archived';

/** A payee, as it stands from the next period on: what was just changed shows at once, the past is in the audit log. */
export interface Orchestrator {
  id: string;
  name: string;
  /** Normalised, without a trailing slash. */
  serviceUri: string;
  /** Null: reachable only through the gateway. */
  workerUrl: string | null;
  /** Null until the first signer has been pinned; only a record made from the environment starts so. EIP-55. */
  workerAddress: string | null;
  /** The one in force. Null: what it earns accrues, and payouts on a chain wait. EIP-55. */
  payoutAddress: string | null;
  /** The one that waits for its time, if any. */
  nextPayoutAddress: string | null;
  /** When the next one takes effect, or else when the one in force did. */
  payoutAddressEffectiveFrom: Date | null;
  status: OrchestratorStatus;
  rateMicroUsdPerMinute: bigint;
  minUptimeBasisPoints: bigint;
  aggregation: UptimeAggregation;
  requiredServices: string[];
  createdAt: Date;
}

export interface NewOrchestrator {
  /** Default: the host of `serviceUri`. */
  name?: string | undefined;
  serviceUri: string;
  workerUrl?: string | null | undefined;
  workerAddress: string;
  payoutAddress?: string | null | undefined;
  rateMicroUsdPerMinute?: bigint | undefined;
  minUptimeBasisPoints?: bigint | undefined;
  requiredServices?: readonly string[] | undefined;
}

/** Absent: unchanged. A null rate, threshold or service list follows the default again. */
export interface OrchestratorChange {
  name?: string | undefined;
  status?: 'active' | 'paused' | undefined;
  workerUrl?: string | null | undefined;
  workerAddress?: string | undefined;
  payoutAddress?: string | null | undefined;
  rateMicroUsdPerMinute?: bigint | null | undefined;
  minUptimeBasisPoints?: bigint | null | undefined;
  requiredServices?: readonly string[] | null | undefined;
}

export interface EnvironmentOrchestrator {
  serviceUri: string;
  workerUrl?: string | null | undefined;
  payoutAddress?: string | null | undefined;
}
