/** How many questions are under way at once. */
export interface FetchGateBounds {
  /** Places for questions that may be answered at once. */
  prompt: number;
  /** Places for those that have been waited for. */
  waiting: number;
  /** After this long a question makes room for another one. */
  promptMs: number;
}

/**
 * Lets questions through, a bounded number at once. Most workers answer within milliseconds, a dead one only when its
 * time is over: who has not answered after `promptMs` is waited for aside, so that the others need not wait for it.
 */
export class FetchGate {
  private readonly line: (() => void)[] = [];
  private prompt = 0;
  private waiting = 0;

  constructor(private readonly bounds: FetchGateBounds) {}

  async run<T>(question: () => Promise<T>): Promise<T> {
    if (this.prompt < this.bounds.prompt) this.prompt += 1;
    else await new Promise<void>((enter) => this.line.push(enter));
    const place = { isAside: false };
    let aside: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      // After a busy moment of this process answers may have come that it has not read yet: they are read first.
      aside = setImmediate(() => {
        if (this.waiting >= this.bounds.waiting) return;
        place.isAside = true;
        this.waiting += 1;
        this.nextInLine();
      });
    }, this.bounds.promptMs);
    try {
      return await question();
    } finally {
      clearTimeout(timer);
      clearImmediate(aside);
      if (place.isAside) this.waiting -= 1;
      else this.nextInLine();
    }
  }

  /** Hands a prompt place on, or leaves it free. */
  private nextInLine(): void {
    const enter = this.line.shift();
    if (enter) enter();
    else this.prompt -= 1;
  }
}
