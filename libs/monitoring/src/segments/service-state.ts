/** Only `up` earns. Every millisecond of a window is in exactly one of these. */
export type ServiceState = 'up' | 'down' | 'starting' | 'unknown';

/** A state with the reason that people read; `up` has none. */
export interface JudgedState {
  state: ServiceState;
  reason: string | null;
}

/** Half-open span `[fromMs, toMs)`, in Unix milliseconds, of one service in one state. */
export interface Segment extends JudgedState {
  fromMs: number;
  toMs: number;
  /** Up time that nobody watched but that a replay of the Engine's events proves; never true in another state. */
  inferred: boolean;
  /** The container that bore the name; null when there was none or when it is not known. */
  containerId: string | null;
  /** Of up time, until the probe has judged it: the run of the container. */
  run?: string;
}

/** Why time is unknown. Reasons of `down` are Docker's own words, `missing`, `unhealthy`, `identity mismatch: …`, `probe failed: …`. */
export const unknownBecause = {
  engineUnreachable: 'engine unreachable',
  inspectionTimedOut: 'inspection timed out',
  engineRefused: 'engine refused to answer',
  answerNotUnderstood: 'engine answer not understood',
  statusNotRecognised: 'container status not recognised',
  healthNotRecognised: 'container health not recognised',
  healthStale: 'health check stale',
  probeTimedOut: 'probe timed out',
  probeOverdue: 'probe overdue',
  notWatched: 'not watched',
  clockStepped: 'clock stepped',
  notYetObserved: 'not yet observed',
  workerNotRunning: 'worker not running',
  journalFailed: 'journal could not be written',
  notRecorded: 'not recorded',
} as const;
