import { z } from 'zod';

/** One kind of request, again and again over kept connections. */
export const loadSchema = z.object({
  url: z.string(),
  method: z.enum(['GET', 'POST']),
  path: z.string(),
  /** Every job brings its own challenge, so that its report is signed anew. */
  challenges: z.boolean(),
  /** Null: no body. */
  body: z.record(z.string(), z.string()).nullable(),
  concurrency: z.number().int(),
  seconds: z.number(),
});

export type Load = z.output<typeof loadSchema>;

export const loadResultSchema = z.object({
  perSecond: z.number(),
  medianMs: z.number(),
  p99Ms: z.number(),
  /** Answers other than 200. */
  failed: z.number(),
});
