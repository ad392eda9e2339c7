import type { FactLogger } from '#platform';

import type { EngineClient } from '../containers/engine-client.js';
import type { Clock } from '../clock.js';

/** Without any answer for this long the Engine is not watched, whatever the event stream says. */
const silenceMs = 15_000;

/** How often an Engine that does not tell its id is asked again; a proxy may forbid the question. */
const identifyEveryMs = 60_000;

export interface EngineView {
  /** Its events are subscribed and it answers. */
  watched: boolean;
  /** Empty until known. */
  id: string;
  version: string | null;
  lastError: string | null;
  /** Since when it has been watched, or not; Unix milliseconds. */
  sinceMs: number | null;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** How the Engine itself is doing. */
export class EngineWatch {
  private isSubscribed = false;
  private answeredAtMs = -Infinity;
  private id = '';
  private version: string | null = null;
  private lastError: string | null = null;
  private wasWatched: boolean | null = null;
  private sinceMs: number | null = null;
  private identifiedAtMs = -Infinity;
  private isAnonymous = false;
  private announce: () => void = () => undefined;
  readonly firstSubscription = new Promise<void>((resolve) => {
    this.announce = resolve;
  });

  constructor(
    private readonly engine: EngineClient,
    private readonly clock: Clock,
    private readonly log: FactLogger,
  ) {}

  subscribed(): void {
    this.isSubscribed = true;
    this.identifiedAtMs = -Infinity;
    this.announce();
    this.review();
  }

  unsubscribed(error: unknown): void {
    this.isSubscribed = false;
    this.lastError = messageOf(error);
    this.review();
  }

  answered(): void {
    this.answeredAtMs = this.clock.now().monotonicMs;
    this.review();
  }

  failed(error: unknown): void {
    this.lastError = messageOf(error);
    this.review();
  }

  view(): EngineView {
    const watched = this.review();
    const { id, version, lastError, sinceMs } = this;
    return { watched, id, version, lastError: watched ? null : lastError, sinceMs };
  }

  /** Asks who the Engine is, after each subscription and then now and again until it says. */
  async identify(): Promise<void> {
    const nowMs = this.clock.now().monotonicMs;
    if (!this.isSubscribed || nowMs - this.identifiedAtMs < identifyEveryMs) return;
    this.identifiedAtMs = nowMs;
    try {
      this.version = await this.engine.version();
      this.id = await this.engine.id();
      this.identifiedAtMs = Infinity;
    } catch (error) {
      if (!this.isAnonymous) this.log.warn('Engine did not say who it is', { error: messageOf(error) });
      this.isAnonymous = true;
    }
  }

  private review(): boolean {
    const { wallMs, monotonicMs } = this.clock.now();
    const watched = this.isSubscribed && monotonicMs - this.answeredAtMs < silenceMs;
    if (watched !== this.wasWatched) {
      if (watched) this.log.info('Engine watched');
      else if (this.wasWatched === true) this.log.warn('Engine no longer watched', { error: this.lastError });
      else if (this.lastError !== null) this.log.warn('Engine does not answer', { error: this.lastError });
      if (watched || this.wasWatched !== null || this.lastError !== null) {
        this.wasWatched = watched;
        this.sinceMs = wallMs;
      }
    }
    return watched;
  }
}
