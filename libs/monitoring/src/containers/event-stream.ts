import { once } from 'node:events';
import type { Readable } from 'node:stream';

import { delay, exponentialBackoff, type FactLogger } from '#platform';

import { type ContainerEvent, parseEventLine } from './engine-answers.js';
import type { EngineClient } from './engine-client.js';
import { LineSplitter } from './event-lines.js';
import { SeenEvents } from './seen-events.js';

/** A connection that carries nothing looks like one that is dead: it is opened anew after this time. */
const rotateAfterMs = 300_000;

/** After opening with a replay, events this old are no sign of a clock that differs. */
const replayMs = 2_000;

/** How many of the latest events are remembered as evidence that a replay reaches back far enough. */
const landmarks = 256;

/** An event by which a replay can be recognised as complete. */
export interface Landmark {
  key: string;
  /** By the Engine's clock. */
  atMs: number;
}

export interface ReceivedEvent extends ContainerEvent {
  /** Unix milliseconds by the Engine's clock, but never later than the receipt. */
  atMs: number;
  /** The event reached us long after the time it bears though it was not replayed: the clocks differ. */
  late: boolean;
}

export interface EventStreamOptions {
  engine: EngineClient;
  wallMs: () => number;
  log: FactLogger;
  onEvent: (event: ReceivedEvent) => void;
  /** Subscribed (again): inspect everything now. */
  onConnected: () => void;
  onDisconnected: (error: unknown) => void;
  /** The last event that an earlier run knew. */
  last?: Landmark | undefined;
}

/**
 * The Engine's container events, subscribed again and again. After a break the Engine replays what it remembers from
 * the last known event on; only when that very event is in the replay is it proven that none was lost in between.
 */
export class EventStream {
  private readonly seen = new SeenEvents();
  private readonly stopping = new AbortController();
  private readonly known: Landmark[];
  private completeSince = Infinity;
  /** What `completeSince` becomes once the replay has shown `key`. */
  private unproven: { key: string; completeSinceMs: number } | undefined;
  private current: Readable | undefined;
  private connected = false;
  private running: Promise<void> | undefined;

  constructor(private readonly options: EventStreamOptions) {
    this.known = options.last ? [options.last] : [];
  }

  /** The latest event that happened before this time. */
  landmarkBefore(ms: number): Landmark | null {
    return this.known.findLast(({ atMs }) => atMs < ms) ?? null;
  }

  /** Every event since this time (Unix milliseconds) has been delivered; `Infinity` while disconnected. */
  get completeSinceMs(): number {
    return this.connected ? this.completeSince : Infinity;
  }

  get isConnected(): boolean {
    return this.connected;
  }

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.current?.destroy();
    await this.running;
  }

  /** Opens the stream anew, at once: it seems to be silently dead. */
  renew(): void {
    this.current?.destroy();
  }

  private async run() {
    const { log, onDisconnected } = this.options;
    const backoff = exponentialBackoff({ minMs: 250, maxMs: 10_000 });
    while (!this.stopping.signal.aborted) {
      let waitMs = 0;
      try {
        await this.watchOnce();
        backoff.reset();
      } catch (error) {
        waitMs = backoff.next();
        log.debug('event stream lost', { error: String(error) });
        onDisconnected(error);
      }
      this.connected = false;
      if (waitMs > 0) await delay(waitMs, this.stopping.signal);
    }
  }

  /** Returns when a stream that had been opened has ended. */
  private async watchOnce() {
    const { engine, wallMs, onConnected } = this.options;
    const last = this.known.at(-1);
    // Without a known event, all that the Engine remembers: the latest of it becomes known.
    const stream = await engine.openEvents({ sinceMs: last?.atMs ?? 1_000 });
    const openedMs = wallMs();
    this.current = stream;
    if (this.stopping.signal.aborted) stream.destroy();
    // `close` follows in any case; an error without a listener would end the process.
    stream.on('error', () => undefined);
    const closed = once(stream, 'close');
    this.unproven = last && { key: last.key, completeSinceMs: Math.min(this.completeSince, openedMs) };
    this.completeSince = openedMs;
    this.connected = true;
    const lines = new LineSplitter();
    stream.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) this.receive(line, openedMs);
    });
    // Attached only now, and read from the next turn of the event loop on: nothing is missed.
    onConnected();
    const rotation = setTimeout(() => stream.destroy(), rotateAfterMs);
    await closed.finally(() => {
      clearTimeout(rotation);
    });
    if (wallMs() - openedMs < 1_000 && !this.stopping.signal.aborted)
      throw new Error('The stream ended at once');
  }

  private receive(line: string | null, openedMs: number) {
    const { wallMs, onEvent, log } = this.options;
    const nowMs = wallMs();
    const event = line === null ? undefined : parseEventLine(line);
    if (!event) {
      this.completeSince = nowMs;
      this.unproven = undefined;
      log.warn('event not understood', { length: line?.length ?? null });
      return;
    }
    if (event.key === this.unproven?.key) {
      this.completeSince = this.unproven.completeSinceMs;
      this.unproven = undefined;
    }
    if (!this.seen.add(event.key)) return;
    const engineMs = Number(event.timeNano / 1_000_000n);
    const atMs = Math.min(engineMs, nowMs);
    this.known.push({ key: event.key, atMs: engineMs });
    if (this.known.length > landmarks) this.known.shift();
    onEvent({ ...event, atMs, late: nowMs - engineMs > replayMs && nowMs - openedMs > replayMs });
  }
}
