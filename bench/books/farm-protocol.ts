import { z } from 'zod';

import { cpuTimeSchema } from '../run/answering.js';

/** What the benchmark and its processes with workers say to each other. */
export const farmSettings = z.object({ first: z.int(), count: z.int() });

export const farmMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start') }),
  z.object({ kind: z.literal('clock'), behindMs: z.number() }),
  z.object({ kind: z.literal('kill'), dead: z.int() }),
  z.object({ kind: z.literal('cpu') }),
]);
export type FarmMessage = z.output<typeof farmMessage>;

export const startedWorkers = z.array(z.object({ url: z.string(), address: z.string() }));
export type StartedWorkers = z.output<typeof startedWorkers>;

export const farmState = z.object({ cpu: cpuTimeSchema });
