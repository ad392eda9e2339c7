import { z } from 'zod';

/** ISO 8601 in UTC, with up to three decimals of a second → milliseconds since the Unix epoch. */
export const isoTimeSchema = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/,
    'must be an ISO 8601 time in UTC, such as 2026-11-22T12:00:00.000Z',
  )
  .transform((text, context) => {
    const ms = Date.parse(text);
    // Date.parse rolls 2026-02-30 over into March: what it means must be what was written.
    if (!Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 19) === text.slice(0, 19)) return ms;
    context.addIssue({ code: 'custom', message: 'is not a time that exists' });
    return z.NEVER;
  });

/** Milliseconds since the Unix epoch as ISO 8601 in UTC with milliseconds. */
export const toIsoTime = (epochMs: number | bigint): string => new Date(Number(epochMs)).toISOString();
