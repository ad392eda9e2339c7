import { FactLogger } from '../logging/fact-logger.js';
import { delay } from './delay.js';

export interface LoopOptions {
  name: string;
  /** From the end of one turn to the start of the next. */
  everyMs: number;
  run: (signal: AbortSignal) => Promise<void>;
}

/** Does something again and again, never twice at once; a turn that fails is logged and does not end the loop. */
export class Loop {
  private readonly log: FactLogger;
  private stopping = new AbortController();
  private turning: Promise<void> | undefined;

  constructor(private readonly options: LoopOptions) {
    this.log = new FactLogger(options.name);
  }

  start(): void {
    if (this.turning) return;
    this.stopping = new AbortController();
    this.turning = this.turn(this.stopping.signal);
  }

  /** Waits for the turn under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.turning;
    this.turning = undefined;
  }

  private async turn(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.options.run(signal);
      } catch (error) {
        this.log.error(`${this.options.name} failed`, error);
      }
      await delay(this.options.everyMs, signal);
    }
  }
}
