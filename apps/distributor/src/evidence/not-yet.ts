import { isoTimeSchema } from '#platform';
import { z } from 'zod';

/** The part of a worker's 409 that says how far it has seen; the rest of the problem document is for people. */
const beyondWatermarkSchema = z.object({ watermark: isoTimeSchema });

const shortestWaitMs = 100;
const longestWaitMs = 15_000;
/** The watermark moves in steps: asking a little later spares a second refusal. */
const slackMs = 100;

export interface NotYet {
  kind: 'not-yet';
  retryAfterMs: number;
  detail: string;
}

/**
 * Reads an answer that the window is not over for the worker.
 * @param body the parsed JSON of a refusal, whatever it is
 * @returns `undefined` when the refusal has another reason
 */
export function notYetFrom(body: unknown, toMs: bigint): NotYet | undefined {
  const parsed = beyondWatermarkSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { watermark } = parsed.data;
  const missingMs = Number(toMs) - watermark + slackMs;
  return {
    kind: 'not-yet',
    retryAfterMs: Math.min(longestWaitMs, Math.max(shortestWaitMs, missingMs)),
    detail: `The worker has seen everything up to ${new Date(watermark).toISOString()} only.`,
  };
}

/** JSON or `undefined`: what a stranger sends is data, not an exception. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
