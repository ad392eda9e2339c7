import { setTimeout as sleep } from 'node:timers/promises';

/** A limit for everything that a run waits for. */
export interface Patience {
  endsAt: number;
  progress: (text: string) => void;
}

export const startPatience = (limitMs: number, progress: (text: string) => void): Patience => ({
  endsAt: performance.now() + limitMs,
  progress,
});

/**
 * Asks again until there is an answer or the patience is over; at least once.
 * @returns undefined when it never came
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  { endsAt, progress }: Patience,
  everyMs = 1_000,
): Promise<T | undefined> {
  for (;;) {
    const answer = await ask();
    const leftMs = endsAt - performance.now();
    if (answer !== undefined || leftMs <= 0) return answer;
    progress(`waiting for ${what}, ${Math.ceil(leftMs / 1_000)} s left`);
    await sleep(Math.min(everyMs, leftMs));
  }
}
