import type { LoadReport } from './rest-load.js';

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** In one line, for people: what was asked, what was not answered, and for how long. */
export function describeLoad(load: LoadReport): string {
  const failures = [...load.failures].map(([what, count]) => `${count} × ${what}`).join(', ');
  return [
    `${load.reads} reads (${failures === '' ? 'all answered' : failures})`,
    `longest time without an answer ${seconds(load.longestGapMs)}`,
    `slowest answer ${seconds(load.slowestMs)}`,
    `${load.writes} adjustments, ${load.writeRetries} times asked again`,
  ].join('; ');
}
