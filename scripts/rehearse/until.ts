import { setTimeout as sleep } from 'node:timers/promises';

const lookEveryMs = 250;

/**
 * Asks again until there is an answer; errors count as none.
 * @throws when the time is over, with what was last said
 */
export async function until<T>(what: string, limitMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  let said = '';
  for (const endsAt = performance.now() + limitMs; performance.now() < endsAt;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      said = '';
    } catch (error) {
      said = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    await sleep(lookEveryMs);
  }
  throw new Error(`Waited ${Math.round(limitMs / 1_000)} s in vain for ${what}${said}`);
}
