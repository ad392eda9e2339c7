import { FactLogger } from '#platform';

/** Work that a tick starts: one turn at a time, a tick during a turn is dropped, a failing turn never ends the ticks. */
export class Turn {
  private readonly log: FactLogger;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private lastFailure: string | undefined;
  private lastSuccessAtMs: number | undefined;

  constructor(
    private readonly name: string,
    private readonly work: (signal: AbortSignal) => Promise<void>,
  ) {
    this.log = new FactLogger(name);
  }

  /** For readiness: why the last turn failed, and when one last ended well (Unix milliseconds). */
  get outcome(): { failure: string | undefined; lastSuccessAtMs: number | undefined } {
    return { failure: this.lastFailure, lastSuccessAtMs: this.lastSuccessAtMs };
  }

  async tick(): Promise<void> {
    if (this.running !== undefined || this.stopping.signal.aborted) return;
    this.running = this.run();
    await this.running;
    this.running = undefined;
  }

  /** No new turn begins; returns when the one under way has ended. */
  async drain(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      await this.work(this.stopping.signal);
      if (this.lastFailure !== undefined) this.log.info(`${this.name} recovered`);
      this.lastFailure = undefined;
      this.lastSuccessAtMs = Date.now();
    } catch (error) {
      if (!this.stopping.signal.aborted) this.report(error);
    }
  }

  /** A tick comes every second: the same failure is said once, until it changes or ends. */
  private report(error: unknown): void {
    const failure = error instanceof Error ? error.message : String(error);
    if (failure !== this.lastFailure) this.log.error(`${this.name} failed`, error);
    this.lastFailure = failure;
  }
}
