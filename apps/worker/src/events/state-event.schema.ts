import { z } from 'zod';

/** The data of one event of `GET /events`. */
export const stateEventSchema = z.strictObject({
  service: z.string().meta({ description: 'Container name', example: 'redis_scb' }),
  state: z.enum(['up', 'down', 'starting', 'unknown']).meta({ example: 'down' }),
  reason: z.string().nullable().meta({ description: 'Why it is not up', example: 'exited' }),
  since: z
    .string()
    .nullable()
    .meta({ description: 'ISO 8601 UTC; null before it was seen', example: '2026-11-22T12:00:07.251Z' }),
});

export type StateEvent = z.output<typeof stateEventSchema>;
