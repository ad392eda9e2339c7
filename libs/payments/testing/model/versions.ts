/** Values with a start: the one with the latest start that has come is in force, of equal starts the last one given. */
export class Versions<T> {
  private readonly versions: { fromMs: number; value: T }[] = [];

  add(fromMs: number, value: T): void {
    this.versions.push({ fromMs, value });
  }

  at(ms: number): T | undefined {
    let inForce: { fromMs: number; value: T } | undefined;
    for (const version of this.versions) {
      if (version.fromMs <= ms && (!inForce || version.fromMs >= inForce.fromMs)) inForce = version;
    }
    return inForce?.value;
  }

  /** The last one given, in force or not yet. */
  newest(): T | undefined {
    return this.versions.at(-1)?.value;
  }
}
