import type { Hex } from '#platform';

export interface EvidenceRequest {
  orchestrator: { id: string; serviceUri: string; workerUrl: string | null };
  /** The half-open period, Unix milliseconds. */
  fromMs: bigint;
  toMs: bigint;
  /** Fresh for this attempt; the report must repeat it. */
  challenge: Hex;
  /** Ends the attempt when its time is over or the process stops. */
  signal: AbortSignal;
}

export type EvidenceOutcome =
  /** `signed` is the JSON of the wire, not looked at; `text` the same as it arrived, where the source has it. */
  | { kind: 'report'; signed: unknown; text?: string; latencyMs: number }
  /** The worker cannot speak for this period yet: its watermark has not passed the end. */
  | { kind: 'not-yet'; retryAfterMs: number; detail: string }
  | { kind: 'failed'; detail: string };

/** Where reports come from: the worker itself, or a BYOC job through the gateway. */
export interface EvidenceSource {
  fetch(request: EvidenceRequest): Promise<EvidenceOutcome>;
}
