export interface GuessLimitOptions {
  /** Wrong passwords that one address may try within the window. */
  maxGuesses?: number;
  windowMs?: number;
  /** Addresses remembered at once; beyond it the oldest is forgotten. */
  maxAddresses?: number;
  nowMs?: () => number;
}

interface Guesses {
  count: number;
  untilMs: number;
}

/**
 * Counts wrong passwords per client address, so that someone who guesses elsewhere cannot lock the owner out.
 * In the memory of one process: what counts is kept in the database (`SignInGuesses`), this stands in while it is away.
 */
export class GuessLimit {
  private readonly guesses = new Map<string, Guesses>();
  private readonly maxGuesses: number;
  private readonly windowMs: number;
  private readonly maxAddresses: number;
  private readonly nowMs: () => number;

  constructor({
    maxGuesses = 5,
    windowMs = 60_000,
    maxAddresses = 10_000,
    nowMs = Date.now,
  }: GuessLimitOptions = {}) {
    this.maxGuesses = maxGuesses;
    this.windowMs = windowMs;
    this.maxAddresses = maxAddresses;
    this.nowMs = nowMs;
  }

  /** Milliseconds until this address may guess again; 0 when it may now. */
  waitMs(address: string): number {
    const known = this.guesses.get(address);
    if (known === undefined || known.count < this.maxGuesses) return 0;
    return Math.max(0, known.untilMs - this.nowMs());
  }

  /** The window begins with the first wrong guess. */
  wrong(address: string): void {
    const now = this.nowMs();
    const known = this.guesses.get(address);
    if (known !== undefined && known.untilMs > now) {
      known.count += 1;
      return;
    }
    this.guesses.delete(address);
    const oldest = this.guesses.keys().next();
    if (this.guesses.size >= this.maxAddresses && !oldest.done) this.guesses.delete(oldest.value);
    this.guesses.set(address, { count: 1, untilMs: now + this.windowMs });
  }

  right(address: string): void {
    this.guesses.delete(address);
  }
}
