import { delay } from '#platform';

export interface GatheringBounds {
  /** Items in one write at most. */
  most: number;
  /** So many in line, or in the write before: then the next write waits as long as more keeps coming. Absent: never. */
  patientAfter?: number;
  /** Nothing for so long: no more is coming. */
  quietMs?: number;
  /** No item waits longer for others. */
  longestMs?: number;
  /** From the beginning of a write to the beginning of the next one at least: one by one they would cost too much. */
  apartMs?: number;
}

/**
 * Gathers what comes in while a write is under way: the next write takes all of it, up to a bound. Who adds gets the
 * answer for its own item; a write that fails fails for all that were in it.
 */
export class Gathering<Item, Answer> {
  private readonly line: {
    item: Item;
    done: (answer: Answer) => void;
    failed: (error: unknown) => void;
  }[] = [];
  private readonly bounds: Required<GatheringBounds>;
  private isWriting = false;
  private lastWriteMs = -Infinity;
  private waiting: (() => void)[] = [];
  private patience: AbortController | undefined;

  /** @param write answers in the order of the items */
  constructor(
    private readonly write: (items: readonly Item[]) => Promise<readonly Answer[]>,
    bounds: GatheringBounds,
  ) {
    this.bounds = { patientAfter: Infinity, quietMs: 50, longestMs: 1_000, apartMs: 0, ...bounds };
  }

  add(item: Item): Promise<Answer> {
    return new Promise((done, failed) => {
      this.line.push({ item, done, failed });
      if (!this.isWriting) void this.drain();
      if (this.line.length >= this.bounds.most) this.patience?.abort();
    });
  }

  /** For who need not add right now: until less waits than a write takes. */
  async room(): Promise<void> {
    while (this.line.length >= this.bounds.most)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private async drain(): Promise<void> {
    this.isWriting = true;
    // Lets what comes in the same turn of the event loop gather.
    await new Promise(setImmediate);
    let written = 0;
    while (this.line.length > 0) {
      if (Math.max(written, this.line.length) >= this.bounds.patientAfter) await this.more();
      const aheadMs = this.lastWriteMs + this.bounds.apartMs - performance.now();
      if (aheadMs > 0) await delay(aheadMs);
      this.lastWriteMs = performance.now();
      const batch = this.line.splice(0, this.bounds.most);
      written = batch.length;
      const enter = this.waiting;
      this.waiting = [];
      for (const resolve of enter) resolve();
      try {
        const answers = await this.write(batch.map(({ item }) => item));
        batch.forEach(({ done }, index) => {
          const answer = answers[index];
          if (answer === undefined) throw new Error('a write answers for each of its items');
          done(answer);
        });
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.isWriting = false;
  }

  /** Few large writes cost far less than many small ones. Ends with enough for the largest, or when nothing more comes. */
  private async more(): Promise<void> {
    const { most, quietMs, longestMs } = this.bounds;
    const patience = new AbortController();
    this.patience = patience;
    const startedMs = performance.now();
    let before = -1;
    while (
      this.line.length > before &&
      this.line.length < most &&
      performance.now() - startedMs < longestMs
    ) {
      before = this.line.length;
      await delay(quietMs, patience.signal);
      // After a busy moment of this process more may have come that it has not read yet.
      if (!patience.signal.aborted) await new Promise(setImmediate);
    }
    this.patience = undefined;
  }
}
