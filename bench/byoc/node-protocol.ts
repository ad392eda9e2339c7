import { z } from 'zod';

/** A process that is the gateway or the orchestrator of the benchmark. */
export const nodeSettingsSchema = z.union([
  z.object({ is: z.literal('gateway'), orchestrators: z.array(z.string()) }),
  z.object({ is: z.literal('orchestrator'), secret: z.string() }),
]);

export const nodeQuestionSchema = z.enum(['where', 'worker times']);

export const whereSchema = z.object({ url: z.string() });
/** Since the last question, milliseconds. */
export const workerTimesSchema = z.object({ timesMs: z.array(z.number()), isRegistered: z.boolean() });
