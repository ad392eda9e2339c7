import { request } from 'undici';
import { z } from 'zod';

const eventSchema = z.object({ service: z.string(), state: z.string() });

export interface SeenState {
  service: string;
  state: string;
  /** When it arrived here. */
  atMs: number;
}

const arrivalLimitMs = 10_000;

/** Reads the worker's `/events` and knows when each arrived. */
export class StateWatch {
  private readonly waiting = new Set<(seen: SeenState) => void>();

  private constructor(private readonly close: () => void) {}

  static async open(url: string): Promise<StateWatch> {
    const stop = new AbortController();
    const watch = new StateWatch(() => {
      stop.abort();
    });
    const { body } = await request(`${url}/events`, { signal: stop.signal, bodyTimeout: 0 });
    void watch.read(body).catch(() => undefined);
    return watch;
  }

  private async read(body: AsyncIterable<unknown>) {
    let text = '';
    for await (const chunk of body) {
      const atMs = performance.timeOrigin + performance.now();
      text += String(chunk);
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const data = /^data: (.*)$/m.exec(frame)?.[1];
        if (data === undefined) continue;
        const seen = { ...eventSchema.parse(JSON.parse(data)), atMs };
        for (const tell of this.waiting) tell(seen);
      }
    }
  }

  /** When the service is told to be in that state; null when it is not within ten seconds. Call before the deed. */
  arrival(service: string, state: string): Promise<number | null> {
    return new Promise((resolve) => {
      const end = (atMs: number | null) => {
        clearTimeout(limit);
        this.waiting.delete(tell);
        resolve(atMs);
      };
      const tell = (seen: SeenState) => {
        if (seen.service === service && seen.state === state) end(seen.atMs);
      };
      const limit = setTimeout(end, arrivalLimitMs, null);
      this.waiting.add(tell);
    });
  }

  end(): void {
    this.close();
  }
}
