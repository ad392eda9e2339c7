/** Both clocks read at once: the wall clock names the time, the monotonic one tells whether the wall clock stepped. */
export interface Instant {
  /** Unix milliseconds. */
  wallMs: number;
  /** Milliseconds since an arbitrary point that stays the same while the machine runs; stands still in suspend. */
  monotonicMs: number;
}

/** The whitelisted part of an inspection: whatever else a container carries (its environment above all) is not kept. */
export interface ContainerFacts {
  id: string;
  image: string;
  /** Docker's word, such as `running` or `exited`; empty on some Podman versions. */
  status: string;
  paused: boolean;
  restarting: boolean;
  /** `starting`, `healthy` or `unhealthy`; null when the image defines no health check. */
  health: string | null;
  /** Unix milliseconds from which on the last result of the health check is too old to count; null without a result. */
  healthStaleMs: number | null;
  /** How the container differs from what the identity policy allows; null when it does not. */
  mismatch: string | null;
  /** As the Engine wrote it, to the nanosecond: with the id it identifies one run of a container. */
  startedAt: string;
  startedAtMs: number | null;
  /** End of the latest run that ended; while a container runs, that of the run before. */
  finishedAtMs: number | null;
  exitCode: number | null;
}

export type Finding =
  | { kind: 'container'; container: ContainerFacts }
  | { kind: 'missing' }
  | { kind: 'unanswered'; reason: string };

/** What one inspection found. The Engine read the container's state at some moment between the two instants. */
export interface Observation {
  finding: Finding;
  askedAt: Instant;
  answeredAt: Instant;
}
