import type { Terminal } from '../console/terminal.js';
import type { Summary } from './tally.js';

/** The live line. */
export function describeProgress(summary: Summary, elapsedMs: number, durationMs: number): string {
  const p50 = summary.latency_ms === null ? '–' : `${summary.latency_ms.p50.toFixed(0)} ms`;
  const share = Math.min(100, Math.floor((elapsedMs * 100) / durationMs));
  const failed = summary.sent - summary.succeeded + summary.skipped;
  return `${share} %  sent ${summary.sent}  ok ${summary.succeeded}  failed ${failed}  p50 ${p50}`;
}

/** The result, for a person. */
export function describeSummary(
  summary: Summary,
  minSuccess: number,
  { style }: Pick<Terminal, 'style'>,
): string {
  const isGood = summary.success_percentage >= minSuccess;
  const mark = isGood ? style('green', '✔') : style('red', '✘');
  const lines = [
    `${mark} ${summary.success_percentage.toFixed(2)} % of ${summary.sent + summary.skipped} jobs succeeded (at least ${minSuccess} % asked for)`,
    `    transient ${summary.transient}, permanent ${summary.permanent}, unknown ${summary.unknown}, not sent ${summary.skipped}`,
  ];
  if (summary.latency_ms !== null) {
    const { p50, p90, p95, p99, max } = summary.latency_ms;
    lines.push(
      `    latency in ms from the intended moment: p50 ${p50}  p90 ${p90}  p95 ${p95}  p99 ${p99}  max ${max}`,
    );
  }
  for (const { detail, count } of summary.reasons.slice(0, 5)) lines.push(`    ${count} × ${detail}`);
  return lines.join('\n');
}
