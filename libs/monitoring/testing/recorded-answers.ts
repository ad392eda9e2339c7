import { z } from 'zod';

import type { EngineRecording, RecordedState } from './recordings/index.js';

const objectSchema = z.record(z.string(), z.unknown());
const stateSchema = z.object({ State: objectSchema, RestartCount: z.number() });
const listSchema = z.looseObject({});

/** The inspection of a container in that state, as it was recorded. @throws Error when it was not */
export function recordedInspection(
  recording: EngineRecording,
  state: RecordedState,
): Record<string, unknown> & { State: Record<string, unknown> } {
  const text = recording.states[state];
  if (text === undefined) throw new Error(`${recording.engine} was not recorded with a container ${state}`);
  const whole = objectSchema.parse(JSON.parse(recording.inspection));
  return { ...whole, ...stateSchema.parse(JSON.parse(text)) };
}

export const recordedListing = (recording: EngineRecording): Record<string, unknown> =>
  listSchema.parse(JSON.parse(recording.listed));

/** An object within a recorded answer; empty when there is none. */
export const objectIn = (answer: Record<string, unknown>, key: string): Record<string, unknown> =>
  objectSchema.catch({}).parse(answer[key]);
