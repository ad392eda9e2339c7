import type { FactLogger } from '#platform';

import type { EngineClient } from '../containers/engine-client.js';
import type { Landmark } from '../containers/event-stream.js';
import { replaySince } from '../containers/replay.js';
import type { ResumeState } from '../journal/resume-state.js';
import type { Recorder } from './recorder.js';
import type { Instant, Observation } from '../segments/observation.js';
import { type RunKey, runKeyOf } from '../segments/probe-result.js';
import type { ProbedBefore } from '../segments/run-verdicts.js';
import type { ResumePoint } from '../segments/service-track.js';
import { unknownBecause } from '../segments/service-state.js';

/**
 * Where a service's time goes on after the worker was away: with the container that was up at the watermark if the
 * operating system has not been started anew since, and otherwise with nothing, so that the absence is unknown.
 */
export function resumePoint(
  service: string,
  left: ResumeState,
  bootId: string | null,
  watermarkMs: number,
  now: Instant,
): ResumePoint {
  const up = left.up.find((entry) => entry.service === service);
  if (!up || bootId === null || bootId !== left.bootId) {
    const observation: Observation = {
      finding: { kind: 'unanswered', reason: unknownBecause.workerNotRunning },
      askedAt: now,
      answeredAt: now,
    };
    return { atMs: watermarkMs, observation };
  }
  const container = {
    id: up.containerId,
    startedAt: up.startedAt,
    image: '',
    status: 'running',
    paused: false,
    restarting: false,
    health: null,
    healthStaleMs: null,
    mismatch: null,
    startedAtMs: null,
    finishedAtMs: null,
    exitCode: null,
  };
  const observation: Observation = {
    finding: { kind: 'container', container },
    askedAt: up.askedAt,
    answeredAt: up.askedAt,
  };
  return { atMs: watermarkMs, observation };
}

/** When the probe of a service that was up at the watermark last passed, and for which run. */
export function probedBefore(
  service: string,
  left: ResumeState,
  watermarkMs: number,
  now: Instant,
): (ProbedBefore & { run: RunKey }) | undefined {
  const up = left.up.find((entry) => entry.service === service);
  if (up?.probedAtMs === undefined) return undefined;
  const run = runKeyOf({ id: up.containerId, startedAt: up.startedAt });
  return { run, probedAtMs: up.probedAtMs, watermarkMs, nowMs: now.wallMs };
}

/** Tells the recorder what the Engine remembers since the last event that the earlier run knew. */
export async function replayAbsence(absence: {
  engine: EngineClient;
  recorder: Recorder;
  known: Landmark;
  nowMs: number;
  requestTimeoutMs: number;
  log: FactLogger;
}): Promise<void> {
  const { engine, recorder, known, nowMs, requestTimeoutMs, log } = absence;
  try {
    const replay = await replaySince(engine, known, nowMs, requestTimeoutMs);
    for (const event of replay.events) {
      recorder.event({ ...event, atMs: Number(event.timeNano / 1_000_000n), late: false });
    }
    if (replay.complete) recorder.replayed();
    log.info('absence replayed', { events: replay.events.length, complete: replay.complete });
  } catch (error) {
    log.info('absence not replayed', { error: String(error) });
  }
}
