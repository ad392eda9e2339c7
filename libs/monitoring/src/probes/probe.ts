/** A service did not do what it is for; the message is short, and the same for the same fault. */
export class ProbeFailedError extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'ProbeFailedError';
  }
}

/** The run of the container that a probe asks. */
export interface ProbedRun {
  /** By the Engine's clock; null when it told no time. */
  startedAtMs: number | null;
}

/** Asks a service to do what it is for. */
export interface Probe {
  /**
   * Resolves when the service did it, and leaves no connection behind.
   * @param signal ends the attempt: whoever aborts does not wait for the promise any more
   * @throws ProbeFailedError or whatever the client threw, when the service did not
   */
  check(signal: AbortSignal, run: ProbedRun): Promise<void>;
}
