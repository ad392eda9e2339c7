/** How many questions are under way at once. */
export interface FetchGateBounds {
  /** Places for questions that may be answered at once. */
  prompt: number;
  /** Places for those that have been waited for. */
  waiting: number;
  /** After this long a question makes room for another one. */
  promptMs: number;
}

/** The right to ask one question. Whoever has it leaves it when the answer is there. */
export interface Place {
  /** The second time does nothing. */
  leave(): void;
}

/**
 * So many enter before this process reads the answers that have come meanwhile: with workers that answer within
 * milliseconds a dozen questions are under way and not hundreds, whose memory would outlive them.
 */
const ENTER_AT_ONCE = 16;

/**
 * Lets questions through, a bounded number at once. Most workers answer within milliseconds, a dead one only when its
 * time is over: who has not answered after `promptMs` is waited for aside, so that the others need not wait for it.
 */
export class FetchGate {
  private readonly line: (() => void)[] = [];
  private prompt = 0;
  private waiting = 0;
  private enteredNow = 0;
  private breath: Promise<void> | undefined;

  constructor(private readonly bounds: FetchGateBounds) {}

  async enter(): Promise<Place> {
    if (this.prompt < this.bounds.prompt) this.prompt += 1;
    else await new Promise<void>((enter) => this.line.push(enter));
    while (this.enteredNow >= ENTER_AT_ONCE) await this.breathe();
    this.enteredNow += 1;
    return this.givePlace();
  }

  private givePlace(): Place {
    let isAside = false;
    let isLeft = false;
    let aside: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      // After a busy moment of this process answers may have come that it has not read yet: they are read first.
      aside = setImmediate(() => {
        if (this.waiting >= this.bounds.waiting) return;
        isAside = true;
        this.waiting += 1;
        this.nextInLine();
      });
    }, this.bounds.promptMs);
    return {
      leave: () => {
        if (isLeft) return;
        isLeft = true;
        clearTimeout(timer);
        clearImmediate(aside);
        if (isAside) this.waiting -= 1;
        else this.nextInLine();
      },
    };
  }

  /** Until the event loop has been round once. */
  private breathe(): Promise<void> {
    this.breath ??= new Promise((resolve) =>
      setImmediate(() => {
        this.breath = undefined;
        this.enteredNow = 0;
        resolve();
      }),
    );
    return this.breath;
  }

  /** Hands a prompt place on, or leaves it free. */
  private nextInLine(): void {
    const enter = this.line.shift();
    if (enter) enter();
    else this.prompt -= 1;
  }
}
