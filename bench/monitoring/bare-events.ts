import { Readable } from 'node:stream';

import type Docker from 'dockerode';

const arrivalLimitMs = 10_000;

/** Who hears the Engine's events of one container and does nothing else: what no watcher can be faster than. */
export class BareEvents {
  private readonly waiting = new Map<string, (atMs: number) => void>();

  private constructor(private readonly stream: NodeJS.ReadableStream) {
    stream.on('data', (chunk: Buffer) => {
      const atMs = performance.timeOrigin + performance.now();
      for (const [, action] of chunk.toString().matchAll(/"Action":"(\w+)"/g)) {
        this.waiting.get(action ?? '')?.(atMs);
      }
    });
  }

  static async open(docker: Docker, container: string): Promise<BareEvents> {
    return new BareEvents(
      await docker.getEvents({ filters: { type: ['container'], container: [container] } }),
    );
  }

  /** When the next event of that action arrives. Call before the deed. */
  arrival(action: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new Error(`no event ${action} came`));
      }, arrivalLimitMs);
      this.waiting.set(action, (atMs) => {
        clearTimeout(limit);
        this.waiting.delete(action);
        resolve(atMs);
      });
    });
  }

  end(): void {
    if (this.stream instanceof Readable) this.stream.destroy();
  }
}
