export interface Backoff {
  /** How long to wait before the next attempt, in milliseconds. */
  next(): number;
  reset(): void;
}

/** Doubles from `minMs` to `maxMs`; each value is spread over ±20 % so that many clients do not knock at once. */
export function exponentialBackoff({ minMs, maxMs }: { minMs: number; maxMs: number }): Backoff {
  let currentMs = minMs;
  return {
    next() {
      const spread = 0.8 + Math.random() * 0.4;
      const waitMs = Math.min(maxMs, Math.round(currentMs * spread));
      currentMs = Math.min(maxMs, currentMs * 2);
      return waitMs;
    },
    reset() {
      currentMs = minMs;
    },
  };
}
