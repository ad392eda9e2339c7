import { z } from 'zod';

/** `steady`: on a timetable, whether or not earlier jobs are answered; `crowd`: so many at once, one after the other. */
export const jobLoadSchema = z.object({
  gatewayUrl: z.string(),
  orchestratorUrl: z.string(),
  seconds: z.number(),
  load: z.union([z.object({ steadyPerSecond: z.number() }), z.object({ crowd: z.number().int() })]),
});

export type JobLoad = z.output<typeof jobLoadSchema>;

export const jobLoadResultSchema = z.object({
  latenciesMs: z.array(z.number()),
  tookMs: z.number(),
  /** Why jobs were not done; empty when all were. */
  failures: z.array(z.string()),
});
