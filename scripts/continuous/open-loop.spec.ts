import { describe, expect, it } from '@jest/globals';

import { runOpenLoop } from './open-loop.js';

const never = new AbortController().signal;
const ignore = (): void => undefined;

describe('the open loop', () => {
  it('sends on its timetable while nothing is answered', async () => {
    const held: (() => void)[] = [];
    let sent = 0;
    await runOpenLoop({
      everyMs: 1,
      durationMs: 5,
      maxInFlight: 10,
      signal: never,
      onResult: ignore,
      onSkipped: ignore,
      call: () =>
        new Promise<void>((resolve) => {
          sent += 1;
          held.push(resolve);
          // The first answer comes only when the last was asked.
          if (held.length === 5) for (const release of held) release();
        }),
    });
    expect(sent).toBe(5);
  });

  it('counts latency from the moment in which a call was meant to start', async () => {
    const latencies: number[] = [];
    await runOpenLoop({
      everyMs: 1,
      durationMs: 10,
      maxInFlight: 100,
      signal: never,
      onSkipped: ignore,
      onResult: (_result, latencyMs) => latencies.push(latencyMs),
      call: async () => {
        // Holds the whole process up, as a stalled sender would be: later calls start late and answer at once.
        if (latencies.length === 0) blockFor(50);
      },
    });
    expect(latencies).toHaveLength(10);
    // The last was due 9 ms after the first, which took 50.
    expect(latencies.at(-1)!).toBeGreaterThanOrEqual(35);
  });

  it('does not send beyond its bound, and says so', async () => {
    const held: (() => void)[] = [];
    let skipped = 0;
    await runOpenLoop({
      everyMs: 1,
      durationMs: 5,
      maxInFlight: 2,
      signal: never,
      onResult: ignore,
      onSkipped: () => {
        skipped += 1;
        if (skipped === 3) for (const release of held) release();
      },
      call: () => new Promise<void>((resolve) => held.push(resolve)),
    });
    expect([held.length, skipped]).toEqual([2, 3]);
  });

  it('stops sending when it is told to, and awaits what is under way', async () => {
    const stopping = new AbortController();
    const results: number[] = [];
    let sent = 0;
    await runOpenLoop({
      everyMs: 1,
      durationMs: 3_600_000,
      maxInFlight: 10,
      signal: stopping.signal,
      onSkipped: ignore,
      onResult: (result) => results.push(result),
      call: async () => {
        sent += 1;
        if (sent === 3) stopping.abort();
        await new Promise((resolve) => setImmediate(resolve));
        return sent;
      },
    });
    expect([sent, results.length]).toEqual([3, 3]);
  });
});

function blockFor(ms: number): void {
  const endsAt = performance.now() + ms;
  while (performance.now() < endsAt);
}
