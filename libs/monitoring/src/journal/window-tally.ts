import type { StateSums } from '../segments/window-sums.js';
import type { ServiceMeasure, WindowMeasure } from './window-measure.js';

type Counted = Omit<StateSums, 'unknownMs'>;

/** Names have no commas. */
export const rosterOf = (names: Iterable<string>): string => [...names].sort().join();

/**
 * Adds up the parts of a window, oldest first. What is up, down or starting adds up by itself, and what is left of the
 * window is unknown. The time in which all were up needs a rule, since a part knows it only of the services that it
 * has: of the window's services a part either has all, and its time counts; or it lacks one, which then was not up at
 * any time of that part, so that its time counts for nothing.
 */
export class WindowTally {
  private readonly counted = new Map<string, { sums: Counted; containerIds: Set<string> }>();
  private readonly allUp = new Map<string, number>();
  private doubtful = false;

  /** One part with what its own services have; `services` are those with anything recorded within it. */
  add({ services, allUpMs }: WindowMeasure): void {
    for (const service of services) this.addService(service.name, service, service.containerIds);
    const roster = rosterOf(services.map(({ name }) => name));
    this.allUp.set(roster, (this.allUp.get(roster) ?? 0) + allUpMs);
  }

  addService(name: string, sums: Counted, containerIds: readonly string[]): void {
    const entry = this.counted.get(name);
    if (!entry) {
      const { upMs, inferredUpMs, downMs, startingMs } = sums;
      const kept = { upMs, inferredUpMs, downMs, startingMs };
      this.counted.set(name, { sums: kept, containerIds: new Set(containerIds) });
      return;
    }
    entry.sums.upMs += sums.upMs;
    entry.sums.inferredUpMs += sums.inferredUpMs;
    entry.sums.downMs += sums.downMs;
    entry.sums.startingMs += sums.startingMs;
    for (const id of containerIds) entry.containerIds.add(id);
  }

  /** Of some part only the sums per service are certain. */
  doubt(): void {
    this.doubtful = true;
  }

  get isInDoubt(): boolean {
    return this.doubtful;
  }

  get names(): string[] {
    return [...this.counted.keys()];
  }

  /** Per set of services, how long they were up at once in the parts that had exactly them. */
  get rosters(): ReadonlyMap<string, number> {
    return this.allUp;
  }

  /** How long exactly these were up at once in the parts added by `add`. */
  allUpMs(names: readonly string[]): number {
    return names.length === 0 ? 0 : (this.allUp.get(rosterOf(names)) ?? 0);
  }

  service(name: string, windowMs: number): ServiceMeasure {
    const entry = this.counted.get(name);
    if (!entry) {
      return {
        name,
        containerIds: [],
        upMs: 0,
        inferredUpMs: 0,
        downMs: 0,
        startingMs: 0,
        unknownMs: windowMs,
      };
    }
    const { upMs, inferredUpMs, downMs, startingMs } = entry.sums;
    return {
      name,
      containerIds: [...entry.containerIds],
      upMs,
      inferredUpMs,
      downMs,
      startingMs,
      unknownMs: windowMs - upMs - downMs - startingMs,
    };
  }
}
