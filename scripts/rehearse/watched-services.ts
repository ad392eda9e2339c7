import type { Span } from './judge-periods.js';

/** Around a stop and a start: what the Engine did when is between the call and its answer, and a moment after. */
const doubtMs = 1_000;

/** Who really stops and starts a container. */
export interface Engine {
  stop(name: string): Promise<void>;
  start(name: string): Promise<void>;
}

/** One payee's containers, which do nothing but run, and what is known of when they did not. */
export class WatchedServices {
  readonly outages: Span[] = [];
  readonly unsure: Span[] = [];
  private stopped: { name: string; sinceMs: number } | undefined;

  constructor(private readonly engine: Engine) {}

  async stop(name: string): Promise<void> {
    const fromMs = Date.now();
    await this.engine.stop(name);
    const sinceMs = Date.now();
    this.unsure.push({ fromMs: fromMs - doubtMs, toMs: sinceMs });
    this.stopped = { name, sinceMs };
  }

  async startAgain(): Promise<void> {
    if (this.stopped === undefined) return;
    const { name, sinceMs } = this.stopped;
    const fromMs = Date.now();
    await this.engine.start(name);
    this.outages.push({ fromMs: sinceMs, toMs: fromMs });
    this.unsure.push({ fromMs, toMs: Date.now() + doubtMs });
    this.stopped = undefined;
  }
}
