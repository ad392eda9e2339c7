import { z } from 'zod';

/** What a worker must remember to prove, after a short absence, that a container ran through it. */
export const resumeStateSchema = z.object({
  /** Identifies the run of the operating system; the monotonic clock means nothing in another. Null where unknown. */
  bootId: z.string().nullable(),
  /** The last event before the watermark: a replay that shows it reaches back far enough. */
  event: z.object({ key: z.string(), atMs: z.number().int() }).nullable(),
  /** The services that were up at the watermark. */
  up: z.array(
    z.object({
      service: z.string(),
      containerId: z.string(),
      startedAt: z.string(),
      askedAt: z.object({ wallMs: z.number(), monotonicMs: z.number() }),
      /** When its probe last passed; absent for a service without one. */
      probedAtMs: z.number().optional(),
    }),
  ),
});

export type ResumeState = z.output<typeof resumeStateSchema>;

export const nothingToResume: ResumeState = { bootId: null, event: null, up: [] };

/** A resume state that cannot be read proves nothing, which is safe. */
export function parseResumeState(json: string): ResumeState {
  try {
    return resumeStateSchema.parse(JSON.parse(json));
  } catch {
    return nothingToResume;
  }
}
