import { type FactLogger, Loop } from '#platform';

import { type Clock, waitBy } from '../clock.js';
import type { EventStream } from '../containers/event-stream.js';
import type { Absence } from '../recording/absence.js';
import type { Recorder } from '../recording/recorder.js';
import type { EngineWatch } from './engine-watch.js';
import type { WatchedServices } from './watched-services.js';

/** How long a round waits for its inspections; those that take longer are recorded by a later round. */
const roundPatienceMs = 1_000;

/** How long a round waits for events that belong to what it has seen. */
const eventPatienceMs = 150;

/** Most that the last round may take: Docker kills ten seconds after it asked, and the app takes up to seven before. */
const lastRoundLimitMs = 2_000;

export interface RoundsOptions {
  everyMs: number;
  requestTimeoutMs: number;
  services: WatchedServices;
  watch: EngineWatch;
  stream: EventStream;
  recorder: Recorder;
  absence: Absence;
  /** Identifies the run of the operating system; null where unknown. */
  bootId: string | null;
  clock: Clock;
  log: FactLogger;
  /** A service that a glob had brought in exists no longer. */
  onEnded: (service: string) => void;
}

/** Asks about every service again and again, and has recorded what was seen. */
export class Rounds {
  private readonly loop: Loop;

  constructor(private readonly options: RoundsOptions) {
    const { clock, everyMs, watch } = options;
    this.loop = new Loop({
      name: 'inspection round',
      everyMs: 0,
      run: async (signal) => {
        try {
          await this.round(signal);
          void watch.identify();
        } finally {
          await waitBy(clock, everyMs, signal);
        }
      },
    });
  }

  start(): void {
    this.loop.start();
  }

  /**
   * Ends with a round that brings the watermark as near to the end as it can: what lies between it and the next worker's
   * first observation is lost if anything happens there, or if the Engine forgets that nothing did.
   */
  async stop(): Promise<void> {
    const { clock, requestTimeoutMs, log } = this.options;
    await this.loop.stop();
    const limit = new AbortController();
    void waitBy(clock, Math.min(lastRoundLimitMs, requestTimeoutMs), limit.signal).then(() => {
      limit.abort();
    });
    try {
      await this.round(limit.signal);
    } catch (error) {
      log.error('last round failed', error);
    } finally {
      limit.abort();
    }
  }

  private async round(signal: AbortSignal) {
    const { absence, services, clock } = this.options;
    await absence.replayOnce(signal);
    // Nothing is decided of an absence before its replay has ended: the next worker may still prove it.
    if (!absence.isReplayed) return;
    const askedMs = clock.now().wallMs;
    await Promise.race([
      Promise.all([services.inspectAll(), services.discover()]),
      waitBy(clock, roundPatienceMs, signal),
    ]);
    if (!signal.aborted) await waitBy(clock, eventPatienceMs, signal);
    await this.record(askedMs);
  }

  private async record(askedMs: number) {
    const { recorder, stream, bootId, log, onEnded } = this.options;
    const { completeSinceMs } = stream;
    const { ended, silent } = await recorder.record({
      askedMs,
      eventsComplete: (sinceMs) => completeSinceMs <= sinceMs,
      resumeFor: (watermarkMs) => ({ bootId, event: stream.landmarkBefore(watermarkMs) }),
    });
    for (const service of ended) onEnded(service);
    if (silent.length > 0 && stream.isConnected) {
      log.warn('change seen that no event told of', { services: silent });
      stream.renew();
    }
  }
}
