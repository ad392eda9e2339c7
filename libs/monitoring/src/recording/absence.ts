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
  private isReplayed = false;

  constructor(private readonly options: AbsenceOptions) {}

  async replayOnce(signal: AbortSignal): Promise<void> {
    const { engine, recorder, known, firstSubscription, requestTimeoutMs, clock, log } = this.options;
    if (!known || this.isReplayed) return;
    this.isReplayed = true;
    await Promise.race([firstSubscription, delay(requestTimeoutMs, signal)]);
    const nowMs = clock.now().wallMs;
    // Who stops does not wait for an Engine that does not answer.
    await Promise.race([
      replayAbsence({ engine, recorder, known, nowMs, requestTimeoutMs, log }),
      delay(2 * requestTimeoutMs, signal),
    ]);
  }
}
