import { setTimeout as sleep } from 'node:timers/promises';

const lookEveryMs = 250;
const mostReasons = 6;

/**
 * Asks again until there is an answer; errors count as none.
 * @throws when the time is over, with the last different things that were said
 */
export async function until<T>(what: string, limitMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const said = new Set<string>();
  for (const endsAt = performance.now() + limitMs; performance.now() < endsAt;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      said.delete(reason);
      said.add(reason);
    }
    await sleep(lookEveryMs);
  }
  const reasons = [...said]
    .slice(-mostReasons)
    .map((reason) => `\n  ${reason}`)
    .join('');
  throw new Error(`Waited ${Math.round(limitMs / 1_000)} s in vain for ${what}${reasons}`);
}
