import { eventReader } from './event-stream.js';

export type Connection = 'connecting' | 'live' | 'lost';

/** The server says something at least this often, or the line is taken for dead. */
const silenceLimitMs = 25_000;
const backoffMs = { first: 1_000, longest: 30_000 };

export interface FeedState {
  connection: Connection;
  /** When the server was last heard, Unix milliseconds. */
  heardAtMs: number | null;
  retryAtMs: number | null;
}

/**
 * The server's events over fetch, because EventSource cannot carry a token. Whoever listens hears the topic and asks for
 * the facts anew; after every reconnection everybody is told, since what was said meanwhile is lost.
 */
export class Feed {
  state: FeedState = { connection: 'connecting', heardAtMs: null, retryAtMs: null };
  private readonly listeners = new Set<(topic: string) => void>();
  private readonly watchers = new Set<() => void>();
  private readonly ending = new AbortController();
  private line: AbortController | undefined;
  private failures = 0;
  private timer: number | undefined;

  constructor(
    private readonly token: string,
    private readonly refused: () => void,
  ) {}

  start(): void {
    void this.connect();
    window.addEventListener('online', this.retryNow, { signal: this.ending.signal });
    window.addEventListener(
      'offline',
      () => {
        this.line?.abort();
      },
      { signal: this.ending.signal },
    );
    document.addEventListener('visibilitychange', this.retryNow, { signal: this.ending.signal });
  }

  stop(): void {
    clearTimeout(this.timer);
    this.ending.abort();
    this.line?.abort();
  }

  /** @returns how to stop listening */
  onTopic(listener: (topic: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onState(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  readonly retryNow = (): void => {
    if (this.state.connection !== 'lost' || document.hidden) return;
    clearTimeout(this.timer);
    void this.connect();
  };

  private isStopped(): boolean {
    return this.ending.signal.aborted;
  }

  private become(change: Partial<FeedState>): void {
    this.state = { ...this.state, ...change };
    for (const watcher of this.watchers) watcher();
  }

  private async connect(): Promise<void> {
    if (this.isStopped()) return;
    const line = new AbortController();
    this.line = line;
    this.become({ connection: this.state.heardAtMs === null ? 'connecting' : 'lost', retryAtMs: null });
    let silence = setTimeout(() => {
      line.abort();
    }, silenceLimitMs);
    try {
      const answer = await fetch('api/v1/events', {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${this.token}` },
        signal: line.signal,
      });
      if (answer.status === 401) {
        this.stop();
        this.refused();
        return;
      }
      if (!answer.ok || answer.body === null) throw new Error(`answered ${answer.status}`);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      const read = eventReader(({ event }) => {
        for (const listener of this.listeners) listener(event);
      });
      this.failures = 0;
      this.become({ connection: 'live', heardAtMs: Date.now() });
      for (const listener of this.listeners) listener('reconnected');
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        clearTimeout(silence);
        silence = setTimeout(() => {
          line.abort();
        }, silenceLimitMs);
        this.become({ heardAtMs: Date.now() });
        read(value);
      }
    } catch {
      // Why it ended makes no difference: it is tried again.
    }
    clearTimeout(silence);
    if (this.isStopped()) return;
    const waitMs =
      Math.min(backoffMs.longest, backoffMs.first * 2 ** this.failures) * (0.75 + Math.random() / 2);
    this.failures += 1;
    this.become({ connection: 'lost', retryAtMs: Date.now() + waitMs });
    this.timer = window.setTimeout(() => void this.connect(), waitMs);
  }
}
