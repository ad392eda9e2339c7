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
  private isWriting = false;
  private waiting: (() => void)[] = [];

  /** @param write answers in the order of the items */
  constructor(
    private readonly write: (items: readonly Item[]) => Promise<readonly Answer[]>,
    private readonly most: number,
  ) {}

  add(item: Item): Promise<Answer> {
    return new Promise((done, failed) => {
      this.line.push({ item, done, failed });
      if (!this.isWriting) void this.drain();
    });
  }

  /** For who need not add right now: until less waits than two writes take. */
  async room(): Promise<void> {
    while (this.line.length >= 2 * this.most)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private async drain(): Promise<void> {
    this.isWriting = true;
    // Lets what comes in the same turn of the event loop gather.
    await new Promise(setImmediate);
    while (this.line.length > 0) {
      const batch = this.line.splice(0, this.most);
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
}
