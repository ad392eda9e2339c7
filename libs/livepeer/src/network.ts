import type { Job, JobOutcome } from './job.js';

/**
 * The small door: all that our apps ask of a job network. Another registry than go-livepeer's can stand behind it.
 */
export interface PayerNetwork {
  send(job: Job, signal?: AbortSignal): Promise<JobOutcome>;
  close(): Promise<void>;
}

export interface WorkerNetwork {
  /** Returns at once; works in the background until `stop`. */
  start(): void;
  /** Withdraws the offer. Call it after the last job was answered. */
  stop(): Promise<void>;
  state(): RegistrationState;
  /** To be called when a caller went away before its answer: the orchestrator may have dropped the offer. */
  jobAborted(): void;
}

export interface RegistrationState {
  status: 'disabled' | 'registering' | 'registered' | 'failing' | 'stopped';
  /** Unix milliseconds of the last registration that the orchestrator confirmed. */
  registeredAtMs: number | null;
  /** Why the last attempt failed; null when it did not. */
  lastError: string | null;
  /** Attempts since the start, by what became of them. */
  confirmed: number;
  failed: number;
}

/** The names of one another that apps may use. */
export type Network = PayerNetwork | WorkerNetwork;
