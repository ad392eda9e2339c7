/**
 * How many jobs run at once. The orchestrator overshoots the capacity that we offered, so the worker keeps its own
 * limit.
 */
export class JobSlots {
  private taken = 0;
  private isClosed = false;
  private readonly waiting = new Set<() => void>();

  constructor(readonly capacity: number) {}

  get running(): number {
    return this.taken;
  }

  /** False when all are taken, or when the worker shuts down. */
  take(): boolean {
    if (this.isClosed || this.taken >= this.capacity) return false;
    this.taken += 1;
    return true;
  }

  release(): void {
    this.taken -= 1;
    if (this.taken > 0) return;
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  /** Gives no slot any more, and waits for the jobs that run, but not for longer than `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    this.isClosed = true;
    if (this.taken === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
