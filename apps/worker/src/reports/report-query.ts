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

export type ReportQuery = z.output<typeof reportQuerySchema>;
