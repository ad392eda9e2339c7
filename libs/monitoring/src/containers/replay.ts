import { type ContainerEvent, parseEventLine } from './engine-answers.js';
import type { EngineClient } from './engine-client.js';
import { LineSplitter } from './event-lines.js';

/** The Engine remembers 256 events; ten times as many is not an answer to our question. */
const maxEvents = 2_560;

export interface Replay {
  events: ContainerEvent[];
  /** The Engine still remembers the event that was asked for, and so everything that came after it. */
  complete: boolean;
}

/**
 * What happened between a known event and now, by the Engine's memory. Anything unclear makes it incomplete.
 * @throws EngineUnansweredError
 */
export async function replaySince(
  engine: EngineClient,
  known: { key: string; atMs: number },
  nowMs: number,
  timeoutMs: number,
): Promise<Replay> {
  const stream = await engine.openEvents({ sinceMs: known.atMs, untilMs: nowMs });
  const limit = setTimeout(() => stream.destroy(new Error('The replay did not end in time')), timeoutMs);
  const lines = new LineSplitter();
  const events: ContainerEvent[] = [];
  let understood = true;
  try {
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('The replay is not made of bytes');
      for (const line of lines.push(chunk)) {
        const event = line === null ? undefined : parseEventLine(line);
        if (event) events.push(event);
        else understood = false;
      }
      if (events.length > maxEvents) throw new Error('The replay is longer than the Engine can remember');
    }
  } catch {
    return { events: [], complete: false };
  } finally {
    clearTimeout(limit);
    stream.destroy();
  }
  return { events, complete: understood && events.some(({ key }) => key === known.key) };
}
