import { setTimeout as sleep } from 'node:timers/promises';

export interface OpenLoopOptions<Result> {
  everyMs: number;
  durationMs: number;
  /** One call; it may not throw. */
  call: () => Promise<Result>;
  /** After each call; the latency counts from the moment in which the call was meant to start. */
  onResult: (result: Result, latencyMs: number) => void;
  /** Ends the sending early; calls under way are still awaited: giving them up would leak the orchestrator's capacity. */
  signal: AbortSignal;
  /** Calls at once; what would go beyond is not sent and is reported. */
  maxInFlight: number;
  onSkipped: () => void;
}

/**
 * Sends on a fixed timetable, whether or not earlier calls are answered, and counts each latency from the timetable: a
 * stalled service cannot hide its stall by keeping the sender waiting (no coordinated omission).
 */
export async function runOpenLoop<Result>(options: OpenLoopOptions<Result>): Promise<void> {
  const { everyMs, durationMs, call, onResult, signal, maxInFlight, onSkipped } = options;
  const startedAt = performance.now();
  const inFlight = new Set<Promise<void>>();
  const count = Math.max(1, Math.ceil(durationMs / everyMs));
  for (let index = 0; index < count; index += 1) {
    const intendedAt = startedAt + index * everyMs;
    await pause(intendedAt - performance.now(), signal);
    if (signal.aborted) break;
    if (inFlight.size >= maxInFlight) {
      onSkipped();
      continue;
    }
    const sent: Promise<void> = call().then((result) => {
      onResult(result, performance.now() - intendedAt);
      inFlight.delete(sent);
    });
    inFlight.add(sent);
  }
  await Promise.all(inFlight);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
