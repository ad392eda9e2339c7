import type { ResumeState } from './journal/resume-state.js';
import type { Instant, Observation } from './segments/observation.js';
import type { ResumePoint } from './segments/service-track.js';
import { unknownBecause } from './segments/service-state.js';

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
