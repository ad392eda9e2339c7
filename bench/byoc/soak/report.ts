import { jobKinds } from './jobs.js';
import type { MemoryGrowth } from './memory.js';
import type { SoakOptions, SoakResult } from './soak.js';

/** The bounds of issue 5, with the real heartbeat. */
const backWithinMs = 45_000;
/** Thirty seconds, a tenth of jitter, a tenth of patience, and the registration itself. */
const leakedWithinMs = 36_000 + 1_000;
const mostGrowthMb = 5;
/** Fewer jobs say nothing about memory. */
const fewestForMemory = 5_000;

export interface Check {
  what: string;
  found: string;
  bound: string;
  /** Undefined: told, and not judged. */
  holds: boolean | undefined;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

function describeGrowth(memory: MemoryGrowth | undefined): string {
  if (memory === undefined) return 'not told';
  const { early, late } = memory;
  const megabytes = (from: number, to: number) => `${from.toFixed(1)} → ${to.toFixed(1)} MB`;
  return `${megabytes(early.held, late.held)}, resident ${megabytes(early.resident, late.resident)}`;
}

/** With a shorter heartbeat times are told and not judged: they are those of the machine. */
export function checksOf(options: SoakOptions, result: SoakResult): Check[] {
  const { tally, losses, leaks, memory } = result;
  const isReal = options.heartbeatMs === undefined;
  const growthMb = memory === undefined ? undefined : memory.late.held - memory.early.held;
  const judgesMemory = growthMb !== undefined && options.jobs >= fewestForMemory;
  return [
    {
      what: 'Jobs answered wrongly, or failed without a reason',
      found: String(tally.violated),
      bound: '0',
      holds: tally.violated === 0,
    },
    {
      what: `Longest of ${losses.count} losses of the capability`,
      found: seconds(losses.longestMs),
      bound: `≤ ${seconds(backWithinMs)}`,
      holds: isReal ? losses.longestMs <= backWithinMs : undefined,
    },
    {
      what: `Longest of ${leaks.count} leaks of capacity`,
      found: seconds(leaks.longestMs),
      bound: `≤ ${seconds(leakedWithinMs)}, one heartbeat`,
      holds: isReal ? leaks.longestMs <= leakedWithinMs : undefined,
    },
    {
      what: 'Growth of the memory that the worker holds',
      found: describeGrowth(memory),
      bound: `≤ ${mostGrowthMb} MB`,
      holds: judgesMemory ? growthMb <= mostGrowthMb : undefined,
    },
    {
      what: 'After the last fault: healed, and ten jobs in a row done',
      found: result.isWellAtEnd ? 'yes' : 'no',
      bound: 'yes',
      holds: result.isWellAtEnd,
    },
    {
      what: 'The worker told to stop: ended by itself, capability withdrawn',
      found: `${result.hasStopped ? 'yes' : 'killed'}, ${result.isWithdrawn ? 'yes' : 'no'}`,
      bound: 'yes, yes',
      holds: result.hasStopped && result.isWithdrawn,
    },
  ];
}

export function describeSoak(options: SoakOptions, result: SoakResult, checks: readonly Check[]): string {
  const { tally, faults } = result;
  const lines = [
    `Soak of ${tally.total} jobs at ${options.profile}, seed ${options.seed}, ${seconds(result.tookMs)}`,
    '',
  ];
  const outcomes = ['answered', 'refused', 'failed', 'left', 'wrong'] as const;
  lines.push(`| Jobs           | ${outcomes.map((outcome) => outcome.padStart(8)).join(' | ')} |`);
  lines.push(`| -------------- | ${outcomes.map(() => '-------:').join(' | ')} |`);
  for (const kind of jobKinds) {
    const counts = outcomes.map((outcome) => String(tally.counts.get(kind)?.get(outcome) ?? 0).padStart(8));
    lines.push(`| ${kind.padEnd(14)} | ${counts.join(' | ')} |`);
  }
  lines.push(
    '',
    `Faults: ${[...faults].map(([name, count]) => `${count} × ${name}`).join(', ') || 'none'}`,
    '',
  );
  for (const [reason, count] of [...tally.reasons].sort(([, a], [, b]) => b - a).slice(0, 8)) {
    lines.push(`  ${String(count).padStart(6)} × ${reason}`);
  }
  lines.push('');
  for (const { what, found, bound, holds } of checks) {
    const mark = holds === undefined ? '–' : holds ? '✔' : '✘';
    lines.push(`${mark} ${what}: ${found} (${bound})`);
  }
  for (const violation of tally.violations) lines.push(`    ${violation}`);
  return lines.join('\n');
}
