import type { WindowUptime } from '#monitoring';

/** What follows from a window alone, made once while the monitor hands out the same answer. */
export class PerWindow<T> {
  private readonly made = new WeakMap<WindowUptime, { value: T }>();

  constructor(private readonly make: (window: WindowUptime) => T) {}

  of(window: WindowUptime): T {
    const known = this.made.get(window);
    if (known) return known.value;
    const value = this.make(window);
    this.made.set(window, { value });
    return value;
  }
}
