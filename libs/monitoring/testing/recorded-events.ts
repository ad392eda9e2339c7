import { z } from 'zod';

import type { EngineRecording, RecordedDeed } from './recordings/index.js';

/** One event of a deed as it was recorded, without what is another container's. */
export interface RecordedEvent {
  type: string;
  action: string;
  /** Without name, image and labels. */
  attributes: Record<string, string>;
  /** Fields beside those that every Engine writes, such as Podman's `HealthStatus`. */
  beside: Record<string, unknown>;
}

const lineSchema = z.looseObject({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
});

const common = new Set(['Type', 'Action', 'Actor', 'status', 'id', 'from', 'scope', 'time', 'timeNano']);

function parse(line: string): RecordedEvent {
  const event = lineSchema.parse(JSON.parse(line));
  const { name, image: _image, ...attributes } = event.Actor.Attributes;
  return {
    type: event.Type,
    action: event.Action,
    // A network has a name of its own.
    attributes: event.Type === 'container' ? attributes : { ...attributes, name: name ?? '' },
    beside: Object.fromEntries(Object.entries(event).filter(([key]) => !common.has(key))),
  };
}

const known = new WeakMap<EngineRecording, Map<RecordedDeed, RecordedEvent[]>>();

/** What a real Engine told of a deed, in its order. @throws Error when that was not recorded */
export function recordedEvents(recording: EngineRecording, deed: RecordedDeed): readonly RecordedEvent[] {
  const parsed = known.get(recording) ?? new Map<RecordedDeed, RecordedEvent[]>();
  known.set(recording, parsed);
  const lines = recording.deeds[deed];
  if (!lines) throw new Error(`${recording.engine} was not recorded doing ${deed}`);
  const events = parsed.get(deed) ?? lines.map(parse);
  parsed.set(deed, events);
  return events;
}
