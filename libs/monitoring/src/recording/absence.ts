import { delay, type FactLogger } from '#platform';

import type { Clock } from '../clock.js';
import type { EngineClient } from '../containers/engine-client.js';
import type { Landmark } from '../containers/event-stream.js';
import type { Recorder } from './recorder.js';
import { replayAbsence } from './resume.js';

export interface AbsenceOptions {
  engine: EngineClient;
  recorder: Recorder;
  /** The last event that the earlier run knew; null when there was none. */
  known: Landmark | null;
  /** Subscribed first, so that nothing falls between the replay and the stream. */
  firstSubscription: Promise<void>;
  requestTimeoutMs: number;
  clock: Clock;
  log: FactLogger;
}

/** Asks once, before the first round, what the Engine remembers of the time in which no worker was running. */
export class Absence {
  private replay: Promise<void> | undefined;
  private isOver = false;

  constructor(private readonly options: AbsenceOptions) {}

  /** What there was to ask has been asked, with whatever result. */
  get isReplayed(): boolean {
    return this.options.known === null || this.isOver;
  }

  /** Who stops does not wait for an Engine that does not answer. */
  async replayOnce(signal: AbortSignal): Promise<void> {
    const { known, requestTimeoutMs } = this.options;
    if (known === null || this.isOver) return;
    this.replay ??= this.replayFrom(known);
    await Promise.race([this.replay, delay(3 * requestTimeoutMs, signal)]);
  }

  private async replayFrom(known: Landmark) {
    const { engine, recorder, firstSubscription, requestTimeoutMs, clock, log } = this.options;
    const subscribed = new AbortController();
    const patience = delay(requestTimeoutMs, subscribed.signal);
    await Promise.race([firstSubscription, patience]);
    subscribed.abort();
    const nowMs = clock.now().wallMs;
    await replayAbsence({ engine, recorder, known, nowMs, requestTimeoutMs, log });
    this.isOver = true;
  }
}
