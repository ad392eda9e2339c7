/** One job for a worker, sent by way of a gateway and an orchestrator. */
export interface Job {
  /** Goes into the header and into the body as `job_id`: the worker never sees the header. */
  id: string;
  capability: string;
  /** The worker's route, such as `/agent-net`; not what selects the capability. */
  route: string;
  body: Record<string, unknown>;
  /** The only orchestrator that may do it, spelled as the gateway spells it. Absent: any of the gateway's. */
  orchestratorUrl?: string;
  /** How long the orchestrator waits for the worker, in whole seconds, at least 1. */
  timeoutSeconds: number;
}

export interface JobSuccess {
  kind: 'success';
  /** Where it was done, as the orchestrator calls itself; to be compared with the target by who needs it. */
  orchestratorUrl: string;
  /** `Livepeer-Balance`: a decimal string, `0` at price 0. */
  balance: string | null;
  /** The worker's `X-Metadata`. */
  metadata: string | null;
  body: Record<string, unknown>;
  latencyMs: number;
}

/**
 * `transient`: it was not done, later it may be. `permanent`: it was refused, and will be again. `unknown`: it may have
 * been done; ask again under the same job id.
 */
export interface JobFailure {
  kind: 'transient' | 'permanent' | 'unknown';
  /** The HTTP status, null when there was no answer. */
  status: number | null;
  detail: string;
  /** The answer's text, when there was one: a worker's problem document travels here. */
  body?: string;
  latencyMs: number;
}

export type JobOutcome = JobSuccess | JobFailure;
