import { hex32Schema } from '#platform';
import { z } from 'zod';

import { checkBounds, fromInput, toInput } from '../uptime/window-query.js';

export const challengeInput = hex32Schema.meta({
  description: '32 bytes of the asker, so that the report cannot have been prepared; zero without one',
  example: `0x${'5a'.repeat(32)}`,
});

export const reportQuerySchema = z
  .object({ from: fromInput, to: toInput, challenge: challengeInput.optional() })
  .transform((query, context) => {
    checkBounds(query, (field, message) => {
      context.addIssue({ code: 'custom', path: [field], message });
    });
    return query;
  });

/** Whole minutes, as they were sealed. */
export const minutesQuerySchema = z.object({ from: fromInput, to: toInput }).transform((query, context) => {
  const complain = (field: string, message: string) => {
    context.addIssue({ code: 'custom', path: [field], message });
  };
  checkBounds(query, complain);
  for (const field of ['from', 'to'] as const) {
    if (query[field] % 60_000 !== 0) complain(field, 'must be the start of a minute');
  }
  return query;
});

export type MinutesQuery = z.output<typeof minutesQuerySchema>;

export type ReportQuery = z.output<typeof reportQuerySchema>;
