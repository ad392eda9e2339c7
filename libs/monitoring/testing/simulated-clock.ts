import type { Clock } from '../src/clock.js';
import type { Instant } from '../src/segments/observation.js';

interface Waiter {
  dueMs: number;
  release: () => void;
}

/** Both clocks of a machine, which move only when a test says so. Who waits by them is released in order of time. */
export class SimulatedClock implements Clock {
  private monotonicMs = 1_000_000;
  private readonly waiters = new Set<Waiter>();

  constructor(private wall: number) {}

  get wallMs(): number {
    return this.wall;
  }

  now(): Instant {
    return { wallMs: this.wall, monotonicMs: this.monotonicMs };
  }

  /** The wall clock is set, or slewed; the other goes on as before. */
  step(ms: number): void {
    this.wall += ms;
  }

  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const waiter = {
        dueMs: this.monotonicMs + Math.max(0, ms),
        release: () => {
          this.waiters.delete(waiter);
          signal?.removeEventListener('abort', waiter.release);
          resolve();
        },
      };
      this.waiters.add(waiter);
      signal?.addEventListener('abort', waiter.release, { once: true });
    });
  }

  /** Goes on to when the next waiter is due, at most so far, and releases it. @returns how far it went */
  advance(mostMs: number): number {
    const dueMs = Math.min(...[...this.waiters].map((waiter) => waiter.dueMs));
    const ms = Math.min(mostMs, Math.max(0, dueMs - this.monotonicMs));
    this.jump(ms);
    return ms;
  }

  /** So much time passes at once, as for a process that was stopped: whoever waited is late. */
  jump(ms: number): void {
    this.wall += ms;
    this.monotonicMs += ms;
    for (const waiter of [...this.waiters]) if (waiter.dueMs <= this.monotonicMs) waiter.release();
  }
}
