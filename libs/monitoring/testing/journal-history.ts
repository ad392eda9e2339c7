import { FactLogger } from '#platform';

import { ServiceSelection } from '../src/containers/service-selection.js';
import { Journal } from '../src/journal/journal.js';
import { nothingToResume } from '../src/journal/resume-state.js';
import type { WindowMeasure } from '../src/journal/window-measure.js';
import type { Segment } from '../src/segments/service-state.js';

export interface HistoryOptions {
  /** A worker's data directory. */
  directory: string;
  services: readonly string[];
  /** Unix milliseconds; a whole hour. */
  startMs: number;
  hours: number;
  /** Of each service and hour, alternating between up and down. */
  segmentsPerHour: number;
  /** Called after each hour. */
  onHour?: (hour: number) => void;
}

const hourMs = 3_600_000;
const keptForMs = 3_650 * 24 * hourMs;

const openJournal = ({ directory, services, startMs }: HistoryOptions) =>
  Journal.open({
    directory,
    startMs,
    selection: new ServiceSelection(services),
    retentionMs: keptForMs,
    log: new FactLogger('history'),
  });

function hourOf(service: string, fromMs: number, count: number): Segment[] {
  return Array.from({ length: count }, (_, index) => {
    const isUp = index % 2 === 0;
    return {
      fromMs: fromMs + Math.floor((hourMs * index) / count),
      toMs: fromMs + Math.floor((hourMs * (index + 1)) / count),
      state: isUp ? 'up' : 'down',
      reason: isUp ? null : 'exited',
      inferred: false,
      // Another container each day.
      containerId: `${service}-${Math.floor(fromMs / (24 * hourMs))}`.padEnd(64, '0'),
    };
  });
}

/** Fills a journal as a worker would have in so many hours, an hour a transaction, sealed and with sums. */
export function writeHistory(options: HistoryOptions): void {
  const { services, startMs, hours, segmentsPerHour } = options;
  const journal = openJournal(options);
  try {
    for (let hour = 0; hour < hours; hour++) {
      const fromMs = startMs + hour * hourMs;
      const segments = new Map(services.map((name) => [name, hourOf(name, fromMs, segmentsPerHour)]));
      journal.record({ untilMs: fromMs + hourMs, segments, ended: [], resume: nothingToResume });
      journal.upkeep.step();
      options.onHour?.(hour + 1);
    }
  } finally {
    journal.close();
  }
}

/** What was written, to be asked for windows. */
export function openHistory(options: HistoryOptions): {
  measure: (fromMs: number, toMs: number) => WindowMeasure;
  close: () => void;
} {
  const journal = openJournal(options);
  return {
    measure: (fromMs, toMs) => journal.measure({ fromMs, toMs }),
    close: () => {
      journal.close();
    },
  };
}
