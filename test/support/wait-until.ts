import { delay } from '#platform';

/** Asks again and again until the answer is there; fails, saying what was waited for, when it does not come. */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  limitMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await delay(200);
  }
  throw new Error(`${what} did not come within ${limitMs} ms`);
}
