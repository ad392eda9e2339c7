import { FactLogger } from '#platform';

/**
 * Work that a tick starts: a bounded number of turns at once, normally one; a tick that comes when all are under way is
 * dropped, a failing turn never ends the ticks.
 */
export class Turn {
  private readonly log: FactLogger;
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private lastFailure: string | undefined;
  private lastSuccessAtMs: number | undefined;

  constructor(
    private readonly name: string,
    private readonly work: (signal: AbortSignal) => Promise<void>,
    private readonly atOnce = 1,
  ) {
    this.log = new FactLogger(name);
  }

  /** For readiness: why the last turn failed, and when one last ended well (Unix milliseconds). */
  get outcome(): { failure: string | undefined; lastSuccessAtMs: number | undefined } {
    return { failure: this.lastFailure, lastSuccessAtMs: this.lastSuccessAtMs };
  }

  async tick(): Promise<void> {
    if (this.running.size >= this.atOnce || this.stopping.signal.aborted) return;
    const turn = this.run();
    this.running.add(turn);
    await turn;
    this.running.delete(turn);
  }

  /** No new turn begins; returns when those under way have ended. */
  async drain(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
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
