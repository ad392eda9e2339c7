import { Monitor, type ServiceStatus, type Transition } from '#monitoring';
import { Problem, toIsoTime } from '#platform';
import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import type { ServerResponse } from 'node:http';

import type { StateEvent } from './state-event.schema.js';

/** Each holds a socket of the worker, whose business is jobs. */
export const mostWatchers = 50;

/** Bytes that wait for a watcher; one that does not read is let go, and may come back to the present state. */
const mostWaitingBytes = 64 * 1024;

/** Keeps proxies from taking the stream for dead, and finds watchers that are gone. */
const heartbeatMs = 15_000;

const presentState = ({ name, state, reason, sinceMs }: ServiceStatus): StateEvent => ({
  service: name,
  state,
  reason,
  since: sinceMs === null ? null : toIsoTime(sinceMs),
});

const frame = (event: StateEvent) => `event: state\ndata: ${JSON.stringify(event)}\n\n`;

/** Tells every watcher the present state of all services, and from then on each change. */
@Injectable()
export class StateEvents implements OnModuleInit, BeforeApplicationShutdown {
  private readonly watchers = new Set<ServerResponse>();
  private heartbeat: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly monitor: Monitor) {}

  onModuleInit(): void {
    this.monitor.on('transition', this.tell);
    this.heartbeat = setInterval(() => {
      this.send(': still here\n\n');
    }, heartbeatMs).unref();
  }

  /** Before the server closes, which would wait for them. */
  beforeApplicationShutdown(): void {
    this.isClosed = true;
    this.monitor.off('transition', this.tell);
    clearInterval(this.heartbeat);
    for (const watcher of this.watchers) watcher.end();
  }

  get count(): number {
    return this.watchers.size;
  }

  /** @throws Problem when there are too many already */
  admit(): void {
    if (!this.isClosed && this.watchers.size < mostWatchers) return;
    throw new Problem({
      status: 503,
      detail: `The worker serves at most ${mostWatchers} event streams at once and none while it shuts down`,
      headers: { 'retry-after': '5' },
    });
  }

  watch(response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // A proxy of nginx would hold events back.
      'x-accel-buffering': 'no',
    });
    this.watchers.add(response);
    response.on('close', () => this.watchers.delete(response));
    response.on('error', () => this.watchers.delete(response));
    const present = this.monitor.statuses().map((status) => frame(presentState(status)));
    response.write(`retry: 1000\n\n${present.join('')}`);
  }

  readonly tell = ({ service, to, reason, atMs }: Transition): void => {
    this.send(frame({ service, state: to, reason, since: toIsoTime(atMs) }));
  };

  private send(text: string) {
    for (const watcher of this.watchers) {
      if (watcher.writableLength > mostWaitingBytes) watcher.destroy();
      else watcher.write(text);
    }
  }
}
