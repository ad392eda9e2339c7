/** The least of several samples: what is resident right after a collection, not what waits for one. */
export class Memory {
  private readonly early: number[] = [];
  private readonly late: number[] = [];
  private last: number | undefined;

  constructor(private readonly residentMb: () => Promise<number | undefined>) {}

  /**
   * @param share of the run that is over. The first fifth warms up: the engine compiles, caches fill, and a loss of the
   * capability in it leaves the worker smaller than it ever is at work.
   */
  async sample(share: number): Promise<void> {
    const mb = await this.residentMb();
    if (mb === undefined) return;
    this.last = mb;
    if (share >= 0.2 && share < 0.4) this.early.push(mb);
    if (share >= 0.8) this.late.push(mb);
  }

  latest(): string {
    return this.last === undefined ? 'memory unknown' : `${this.last.toFixed(0)} MB`;
  }

  /** From the second fifth of the run to the last; null where nobody can tell. */
  growthMb(): number | null {
    if (this.early.length === 0 || this.late.length === 0) return null;
    return Math.min(...this.late) - Math.min(...this.early);
  }
}
