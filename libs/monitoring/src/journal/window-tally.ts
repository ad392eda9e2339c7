import type { StateSums } from '../segments/window-sums.js';
import type { ServiceMeasure } from './window-measure.js';

export type Counted = Omit<StateSums, 'unknownMs'>;

/** What a sealed minute says of the chosen services. */
export interface ChosenMinute {
  /** Its start. */
  minuteMs: number;
  services: readonly ServiceMeasure[];
  /** Null when that cannot be told any more. */
  allUpMs: number | null;
}

export const nothing: Counted = { upMs: 0, inferredUpMs: 0, downMs: 0, startingMs: 0 };

/** Names have no commas. */
export const rosterOf = (names: Iterable<string>): string => [...names].sort().join();

/**
 * Adds up the parts of a window, oldest first. What is up, down or starting adds up by itself, and what is left of the
 * window is unknown. The time in which all were up needs a rule, since a part knows it only of the services that it
 * has: of the window's services a part either has all, and its time counts; or it lacks one, which then was not up at
 * any time of that part, so that its time counts for nothing.
 */
export class WindowTally {
  private readonly counted = new Map<string, Counted>();
  private readonly containerIds = new Map<string, Set<string>>();
  private readonly allUp = new Map<string, number>();
  private doubtful = false;

  /** One part with what its own services have; `services` are those with anything recorded within it. */
  add({ services, allUpMs }: { services: readonly ServiceMeasure[]; allUpMs: number }): void {
    for (const service of services) this.addService(service.name, service, service.containerIds);
    const roster = rosterOf(services.map(({ name }) => name));
    this.allUp.set(roster, (this.allUp.get(roster) ?? 0) + allUpMs);
  }

  addService(name: string, sums: Counted, containerIds: readonly string[]): void {
    const counted = this.counted.get(name);
    if (!counted) {
      const { upMs, inferredUpMs, downMs, startingMs } = sums;
      this.counted.set(name, { upMs, inferredUpMs, downMs, startingMs });
      this.containerIds.set(name, new Set(containerIds));
      return;
    }
    counted.upMs += sums.upMs;
    counted.inferredUpMs += sums.inferredUpMs;
    counted.downMs += sums.downMs;
    counted.startingMs += sums.startingMs;
    const ids = this.containerIds.get(name);
    for (const id of containerIds) ids?.add(id);
  }

  addMinute({ services, allUpMs }: ChosenMinute): void {
    this.doubtful ||= allUpMs === null;
    this.add({ services, allUpMs: allUpMs ?? 0 });
  }

  /** Of some part only the sums per service are certain. */
  get isInDoubt(): boolean {
    return this.doubtful;
  }

  get names(): string[] {
    return [...this.counted.keys()];
  }

  get sums(): ReadonlyMap<string, Counted> {
    return this.counted;
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
    const { upMs, inferredUpMs, downMs, startingMs } = this.counted.get(name) ?? nothing;
    const unknownMs = windowMs - upMs - downMs - startingMs;
    const containerIds = [...(this.containerIds.get(name) ?? [])];
    return { name, containerIds, upMs, inferredUpMs, downMs, startingMs, unknownMs };
  }
}
