/** The least of several samples: what is resident right after a collection, not what waits for one. */
export class Memory {
  private readonly early: number[] = [];
  private readonly late: number[] = [];
  private last: number | undefined;

  constructor(private readonly residentMb: () => Promise<number | undefined>) {}

  /** @param share of the run that is over. The first tenth warms up: the engine compiles, caches fill. */
  async sample(share: number): Promise<void> {
    const mb = await this.residentMb();
    if (mb === undefined) return;
    this.last = mb;
    if (share >= 0.1 && share < 0.3) this.early.push(mb);
    if (share >= 0.8) this.late.push(mb);
  }

  latest(): string {
    return this.last === undefined ? 'memory unknown' : `${this.last.toFixed(0)} MB`;
  }

  /** From the second and third tenth of the run to the last two; null where nobody can tell. */
  growthMb(): number | null {
    if (this.early.length === 0 || this.late.length === 0) return null;
    return Math.min(...this.late) - Math.min(...this.early);
  }
}
