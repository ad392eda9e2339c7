import { z } from 'zod';

/** A journal that is there already, and how it was written. */
export const historySchema = z.object({
  directory: z.string(),
  services: z.array(z.string()),
  startMs: z.number(),
  hours: z.number(),
  segmentsPerHour: z.number(),
});

export const askWindowsSchema = z.object({
  questions: z.number(),
  /** Questions that are asked before any is counted. */
  warmUps: z.number(),
  windowMs: z.number(),
});

export const askedWindowsSchema = z.object({
  medianMs: z.number(),
  p99Ms: z.number(),
  worstMs: z.number(),
});
