import { containerOf, type Gap, isUp, sameRun } from './gap.js';
import { judgeObservation } from './judge-finding.js';
import type { ServiceEvent } from './service-event.js';
import type { JudgedState } from './service-state.js';

/**
 * How late `FinishedAt` may be: it is when the Engine noticed the end, up to 15 ms late on a busy machine (measured).
 * Where no event told of the end either, so much is taken away rather than too much given.
 */
export const engineLatenessMs = 250;

/**
 * The earliest event of the first failure; undefined when only its aftermath was told, so that the failure itself may
 * lie anywhere before. Docker 26 tells `stop` a little before `die`, Docker 20.10 after it.
 */
function firstFailure(events: Gap['events']): ServiceEvent | undefined {
  const recovery = events.findIndex(({ effect }) => effect !== 'fails');
  const before = recovery < 0 ? events : events.slice(0, recovery);
  return before.some(({ aftermath }) => !aftermath) ? before[0] : undefined;
}

/**
 * The earliest evidence that a service which was up at `a` failed: `Infinity` when there is none and none is needed,
 * `-Infinity` when it failed at a time that nobody knows. The earliest counts: `die` is logged up to half a minute
 * after the process ended, and only `FinishedAt` tells when that was.
 */
export function failedAtMs({ a, b, events, eventsComplete }: Gap): number {
  const before = containerOf(a.observation.finding);
  const after = containerOf(b.finding);
  const same = sameRun(before, after);
  const first = events[0];
  // A recovery without the failure it recovered from: that event was lost.
  if (first && first.effect !== 'fails') return -Infinity;
  const candidates: number[] = [];
  const told = firstFailure(events);
  if (told && (same || eventsComplete)) candidates.push(told.atMs);
  if (after && after.id === before?.id && after.finishedAtMs !== null) {
    // While a container runs on, FinishedAt belongs to the run before this one.
    const runsOn = same && (after.status === 'running' || after.status === 'paused');
    // Exit code 255 is also what a daemon writes that finds a container dead after a crash, with its own start as the
    // time. After a new start, FinishedAt is only the last of perhaps several ends.
    const trusted = candidates.length > 0 || (same && after.exitCode !== 255);
    const latenessMs = candidates.length > 0 ? 0 : engineLatenessMs;
    if (!runsOn && trusted) candidates.push(after.finishedAtMs - latenessMs);
  }
  if (candidates.length > 0) return Math.min(...candidates);
  return same && isUp(b) ? Infinity : -Infinity;
}

/** From when a service that is up at `b` was up again: the last event if it says so, else only from the answer. */
export function recoveredAtMs({ b, events }: Gap): number {
  const unseen = b.answeredAt.wallMs;
  const container = containerOf(b.finding);
  const last = events.at(-1);
  const expected = container?.health === null ? 'begins' : 'heals';
  if (!container || last?.effect !== expected || last.containerId !== container.id) return unseen;
  // An event from before the present run: the one that belongs to this run was lost.
  return container.startedAtMs !== null && last.atMs < container.startedAtMs ? unseen : last.atMs;
}

const starting: JudgedState = { state: 'starting', reason: 'health check pending' };

/** What the time between failure and recovery is called: down, and from `startedMs` on starting. */
export function nameOutage({ a, b, events }: Gap): {
  first: JudgedState;
  startedMs: number;
  then: JudgedState;
} {
  const stateA = judgeObservation(a.observation);
  const stateB = judgeObservation(b);
  const told = events[0]?.effect === 'fails' ? events[0].reason : null;
  const seen = stateB.state === 'down' ? stateB.reason : 'exited';
  const first = isUp(a.observation) ? { state: 'down' as const, reason: told ?? seen } : stateA;
  const begun = events.findLast(({ effect }) => effect === 'begins');
  const checked = (containerOf(b.finding)?.health ?? null) !== null && stateB.state !== 'down';
  return { first, startedMs: begun && checked ? begun.atMs : Infinity, then: starting };
}
