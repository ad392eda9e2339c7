import { z } from 'zod';

import { challengeInput } from '../reports/report-query.js';
import { signedReportAnswer } from '../reports/reports.responses.js';
import { percentage, time } from '../uptime/uptime.responses.js';
import { checkBounds, fromInput, toInput } from '../uptime/window-query.js';

const shortString = (description: string, example: string) =>
  z
    .string({ error: 'must be a string' })
    .max(256, 'must have at most 256 characters')
    .meta({ description, example });

/** Any JSON object; of its fields only these are read. */
export const jobSchema = z
  .object(
    {
      agent_id: shortString('Who asks; echoed', 'agent-7').optional(),
      action: shortString('What for', 'uptime').optional(),
      job_id: shortString(
        'Echoed; the same job is answered the same within five minutes',
        'job-0001',
      ).optional(),
      challenge: challengeInput.optional(),
      from: fromInput.optional(),
      to: toInput.optional(),
    },
    { error: 'the body must be a JSON object' },
  )
  .meta({ id: 'Job' })
  .transform((job, context) => {
    checkBounds(job, (field, message) => {
      context.addIssue({ code: 'custom', path: [field], message });
    });
    return job;
  });

export type JobInput = z.output<typeof jobSchema>;

export const jobAnswerSchema = z
  .object({
    status: z.literal('success'),
    agent_id: z.string().nullable().meta({ example: 'agent-7' }),
    job_id: z.string().nullable().meta({ example: 'job-0001' }),
    capability: z.string().meta({ example: 'agent-net' }),
    timestamp: time(),
    services: z
      .object({
        total: z.int().meta({ example: 7 }),
        up: z
          .int()
          .meta({ description: "Above the worker's minimum within the report's window", example: 7 }),
        down: z.int().meta({ description: 'The others', example: 0 }),
        uptime_percentage: percentage(),
        eligible_for_payment: z.boolean().meta({ description: "The worker's own view, for information" }),
      })
      .meta({ description: 'A summary of the window that the report is about' }),
    report: signedReportAnswer,
  })
  .meta({ id: 'JobAnswer' });

export type JobAnswer = z.output<typeof jobAnswerSchema>;
