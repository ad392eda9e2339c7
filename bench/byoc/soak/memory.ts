import type { HeldMemory } from '../../run/held-memory.js';

/** Megabytes. */
interface MemoryInUse {
  held: number;
  resident: number;
}

export interface MemoryGrowth {
  /** Between the first and the third tenth of the run. */
  early: MemoryInUse;
  /** In the last two tenths. */
  late: MemoryInUse;
}

/**
 * What the worker holds on to, sampled all through a run: the least of several samples, so that work in hand does not
 * count. Each is taken right after a collection. What is resident anyhow says little about a leak: V8 collects and gives
 * back pages when a process rests, so that a moment without jobs early in the run looks like growth later.
 */
export class Memory {
  private readonly early: MemoryInUse[] = [];
  private readonly late: MemoryInUse[] = [];
  private last: MemoryInUse | undefined;

  constructor(private readonly read: () => Promise<HeldMemory | undefined>) {}

  /** @param share of the run that is over. The first tenth warms up: the engine compiles, caches fill. */
  async sample(share: number): Promise<void> {
    const memory = await this.read();
    if (memory === undefined) return;
    this.last = { held: memory.heldBytes / 1e6, resident: memory.residentBytes / 1e6 };
    if (share >= 0.1 && share < 0.3) this.early.push(this.last);
    if (share >= 0.8) this.late.push(this.last);
  }

  latest(): string {
    return this.last === undefined ? 'memory unknown' : `${this.last.held.toFixed(1)} MB held`;
  }

  /** Undefined where nobody can tell. */
  growth(): MemoryGrowth | undefined {
    if (this.early.length === 0 || this.late.length === 0) return undefined;
    return { early: least(this.early), late: least(this.late) };
  }
}

const least = (samples: readonly MemoryInUse[]): MemoryInUse => ({
  held: Math.min(...samples.map(({ held }) => held)),
  resident: Math.min(...samples.map(({ resident }) => resident)),
});
