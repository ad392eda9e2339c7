import type { OrchestratorDouble } from '#livepeer/testing';

import { Intervals } from './intervals.js';
import { capability, capacity } from './network.js';

const everyMs = 20;

/** How long things lasted; the longest is what counts. */
export interface Durations {
  count: number;
  longestMs: number;
}

/** Looks at the orchestrator's registry all the while: is the capability there, and do slots leak? */
export class Watch {
  readonly losses: Durations = { count: 0, longestMs: 0 };
  readonly leaks: Durations = { count: 0, longestMs: 0 };
  /** In these a job may fail for want of a capability or of a free slot. */
  readonly absent = new Intervals(1_000);
  readonly full = new Intervals(1_000);
  /** Slots that nobody uses and nobody gives back. */
  leaked = 0;
  private lostAtMs: number | undefined;
  private leakedAtMs: number | undefined;
  private registeredAtMs = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly orchestrator: OrchestratorDouble,
    /** While registrations cannot succeed, nothing can be healed: that time does not count. */
    private readonly canRegister: () => boolean,
  ) {
    this.timer = setInterval(() => {
      this.look();
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  isWell(): boolean {
    this.look();
    return this.lostAtMs === undefined && this.leakedAtMs === undefined;
  }

  /** What a loss or a leak that still lasts has come to. */
  look(nowMs = performance.now()): void {
    const entry = this.orchestrator.capabilities().find(({ name }) => name === capability);
    const leaked = entry === undefined ? 0 : entry.load - this.orchestrator.runningJobs();
    this.leaked = Math.max(0, leaked);
    const isNew = entry !== undefined && entry.registeredAtMs !== this.registeredAtMs;
    if (entry !== undefined) this.registeredAtMs = entry.registeredAtMs;
    this.absent.set(entry === undefined, nowMs);
    this.full.set(entry !== undefined && entry.load >= capacity, nowMs);

    if (!this.canRegister()) {
      if (this.lostAtMs !== undefined) this.lostAtMs = nowMs;
      if (this.leakedAtMs !== undefined) this.leakedAtMs = nowMs;
    }
    this.lostAtMs = follow(this.losses, this.lostAtMs, entry === undefined, nowMs);
    // What leaks after a registration is another leak.
    if (isNew) this.leakedAtMs = follow(this.leaks, this.leakedAtMs, false, nowMs);
    this.leakedAtMs = follow(this.leaks, this.leakedAtMs, leaked > 0, nowMs);
  }
}

function follow(
  durations: Durations,
  sinceMs: number | undefined,
  isSo: boolean,
  nowMs: number,
): number | undefined {
  if (sinceMs !== undefined) durations.longestMs = Math.max(durations.longestMs, nowMs - sinceMs);
  if (!isSo) return undefined;
  if (sinceMs === undefined) durations.count += 1;
  return sinceMs ?? nowMs;
}
