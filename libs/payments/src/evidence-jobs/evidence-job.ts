import type { Hex } from '#platform';

/** One BYOC job that asked for the evidence of one period. */
export interface EvidenceJob {
  jobId: string;
  challenge: Hex;
  sentAt: Date;
  latencyMs: number;
  /** `transient`: not done; `permanent`: refused; `unknown`: it may have been done, and its answer is lost. */
  outcome: 'success' | 'transient' | 'permanent' | 'unknown';
  /** HTTP status of the gateway; null without an answer. */
  status: number | null;
  /** The orchestrator that the gateway named; null when it named none. */
  doneBy: string | null;
  /** Why it did not succeed; empty when it did. */
  detail: string;
}

export interface NewEvidenceJob extends EvidenceJob {
  orchestratorId: string;
  periodStart: Date;
}
