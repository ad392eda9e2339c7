/** How much the benchmark of the books does. */
export interface Sizes {
  orchestrators: number;
  /** Tenths of them that do not answer in the second run. */
  deadShare: number;
  livePeriods: number;
  periodsWithDead: number;
  postings: number;
  /** Periods in the books when their growth is measured; those that were not lived through are copied. */
  periodsOnDisk: number;
  /** One attempt at a worker. */
  timeoutMs: number;
}

export const fullSizes: Sizes = {
  orchestrators: 10_000,
  deadShare: 0.1,
  livePeriods: 5,
  periodsWithDead: 2,
  postings: 10,
  periodsOnDisk: 30,
  timeoutMs: 5_000,
};

export const quickSizes: Sizes = {
  orchestrators: 50,
  deadShare: 0.1,
  livePeriods: 2,
  periodsWithDead: 1,
  postings: 2,
  periodsOnDisk: 6,
  timeoutMs: 500,
};
