/** Spans of time, by `performance.now()`, in which something was so. */
export class Intervals {
  private readonly closed: { fromMs: number; toMs: number }[] = [];
  private openedAtMs: number | undefined;

  /** @param tailMs what it still excuses after it has ended */
  constructor(private readonly tailMs = 0) {}

  set(isSo: boolean, nowMs = performance.now()): void {
    if (isSo) this.openedAtMs ??= nowMs;
    else if (this.openedAtMs !== undefined) {
      this.closed.push({ fromMs: this.openedAtMs, toMs: nowMs + this.tailMs });
      this.openedAtMs = undefined;
    }
  }

  touch(fromMs: number, toMs: number): boolean {
    if (this.openedAtMs !== undefined && this.openedAtMs <= toMs) return true;
    // Jobs are judged as they end: only the latest spans can touch them.
    for (let index = this.closed.length - 1; index >= 0; index -= 1) {
      const span = this.closed[index];
      if (span === undefined || span.toMs < fromMs - 60_000) return false;
      if (span.fromMs <= toMs && span.toMs >= fromMs) return true;
    }
    return false;
  }
}
