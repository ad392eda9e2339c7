import type { CleanUp } from './run/clean-up.js';

export type Unit = 'ms' | 's' | 'MB' | 'B' | 'GB' | 'TB' | 'share' | 'per second' | 'count';

/** One figure. Of several repetitions `value` is the median and `worst` the one farthest from the target. */
export interface Measurement {
  what: string;
  unit: Unit;
  value: number;
  worst?: number;
  target?: { atMost: number } | { atLeast: number } | { exactly: number };
  /** What it was measured beside, or what it consists of. */
  beside?: string;
}

/** Measurements that belong together, with a sentence about how they were made. */
export interface Section {
  title: string;
  about: string;
  measurements: Measurement[];
}

export interface BenchmarkContext {
  /** A quick look that everything works, with small numbers: its figures mean nothing. */
  quick: boolean;
  /** What has been started is registered here, so that it ends whatever happens. */
  cleanUp: CleanUp;
  /** One line about what is happening now. */
  progress(text: string): void;
}

export interface Benchmark {
  /** One line for the list. */
  about: string;
  /** Adds what it ran on to the machine, as `PostgreSQL: 18.4, fsync on`. */
  run(context: BenchmarkContext): Promise<{ sections: Section[]; surroundings: Record<string, string> }>;
}
