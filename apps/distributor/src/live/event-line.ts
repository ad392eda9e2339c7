import type { ServerResponse } from 'node:http';
import type { LiveEvent } from './live-events.js';

/** So that a reader, and whatever stands in between, knows that the line is alive. */
const HEARTBEAT_MS = 10_000;
/** Who does not read is let go; it may connect anew and asks for everything then. */
const MOST_WAITING_BYTES = 1_048_576;

/** One reader's line: server-sent events until either side ends it. */
export class EventLine {
  private readonly heartbeat: NodeJS.Timeout;
  private next = 1;

  constructor(
    private readonly response: ServerResponse,
    private readonly ended: () => void,
  ) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    this.write('retry: 2000\n: welcome\n\n');
    this.heartbeat = setInterval(() => {
      this.write(': alive\n\n');
    }, HEARTBEAT_MS);
    response.once('close', () => {
      this.forget();
      // Half a connection that stayed would keep the server from closing.
      response.socket?.destroy();
    });
    // A broken line is no news: `close` follows.
    response.on('error', () => undefined);
  }

  send({ topic, items }: LiveEvent): void {
    this.write(`id: ${this.next++}\nevent: ${topic}\ndata: ${JSON.stringify({ items })}\n\n`);
  }

  end(): void {
    this.forget();
    this.response.end();
  }

  private forget(): void {
    clearInterval(this.heartbeat);
    this.ended();
  }

  private write(text: string): void {
    if (this.response.writableLength > MOST_WAITING_BYTES) this.response.destroy();
    else this.response.write(text);
  }
}
