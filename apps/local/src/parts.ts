export type PartListener = (name: string, note: string, ms: number) => void;

interface Stop {
  name: string;
  stop: () => Promise<void>;
}

/** What has been started so far, and how to stop it again. */
export class Parts {
  private readonly stops: Stop[] = [];

  constructor(private readonly onPart: PartListener) {}

  onStop(name: string, stop: () => Promise<void>): void {
    this.stops.push({ name, stop });
  }

  /** Starts a part and tells how long it took. */
  async start<T>(name: string, note: (part: T) => string, start: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const part = await start();
    this.onPart(name, note(part), Math.round(performance.now() - startedAt));
    return part;
  }

  /** Waits for all even when one fails, so that whatever was started is known to `stopAll`. */
  async together<T extends readonly Promise<unknown>[]>(
    parts: readonly [...T],
  ): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
    await Promise.allSettled(parts);
    return Promise.all(parts);
  }

  /** Newest first; a part that fails to stop does not keep the others running. */
  async stopAll(): Promise<void> {
    for (const { name, stop } of this.stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        process.stderr.write(`${name} did not stop: ${reason}\n`);
      }
    }
  }
}
