import { z } from 'zod';

/** What the benchmark and the distributor's process say to each other. */
export const distributorSettings = z.object({ url: z.string(), timeoutMs: z.number() });

/** Turns until at least so many periods have been decided. */
export const assessMessage = z.object({ expected: z.int() });

export const assessedTurns = z.object({
  decided: z.int(),
  turns: z.int(),
  wholeMs: z.number(),
  /** From the start to the first question to a worker. */
  claimMs: z.number(),
  /** From the first question to the last answer. */
  fetchMs: z.number(),
  /** Within the transactions that write decisions, most of them while others are still asked. */
  recordMs: z.number(),
  recordTransactions: z.int(),
  /** Within `Ledger.post`, a part of `recordMs`. */
  postMs: z.number(),
  cpuMs: z.number(),
  /** Largest resident memory of the process since it began. */
  peakMemoryBytes: z.number(),
});
export type AssessedTurns = z.output<typeof assessedTurns>;
