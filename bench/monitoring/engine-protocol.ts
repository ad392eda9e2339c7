import { z } from 'zod';

export const engineSettingsSchema = z.object({ services: z.array(z.string()) });

/** What the simulated Engine is told; it answers with the time at which it did so. */
export const engineDeedSchema = z.discriminatedUnion('deed', [
  z.object({ deed: z.literal('tell') }),
  z.object({ deed: z.enum(['kill', 'start', 'restart']), service: z.string() }),
]);

export const engineToldSchema = z.object({ dockerHost: z.string(), atMs: z.number() });
