/** How much the benchmark of settlement does. */
export interface Sizes {
  payouts: number;
  /** How often everybody is paid; the first time they are new to the token. */
  runs: number;
  /** Payouts in one tx. */
  batches: readonly number[];
}

export const fullSizes: Sizes = { payouts: 1_000, runs: 4, batches: [10, 20, 30, 40, 50] };
export const quickSizes: Sizes = { payouts: 60, runs: 2, batches: [10] };
