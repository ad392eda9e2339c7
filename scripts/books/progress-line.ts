import type { BackupProgress } from '#payments';

import type { Terminal } from '../console/terminal.js';

const everyMs = 200;

/** `transfer: 1,204,000 of 3,000,000 rows (40 %), 38.2 MB/s`, five times a second at most. */
export function progressLine(terminal: Pick<Terminal, 'progress'>): (progress: BackupProgress) => void {
  const beganMs = performance.now();
  let shownMs = -Infinity;
  return (progress) => {
    const nowMs = performance.now();
    if (nowMs - shownMs < everyMs) return;
    shownMs = nowMs;
    terminal.progress(`  ${describeProgress(progress, nowMs - beganMs)}`);
  };
}

export function describeProgress(
  { table, rows, totalRows, bytes }: BackupProgress,
  elapsedMs: number,
): string {
  const percent = totalRows === 0 ? 100 : Math.floor((100 * rows) / totalRows);
  const rate = elapsedMs > 0 ? bytes / 1e6 / (elapsedMs / 1e3) : 0;
  const of = `${rows.toLocaleString('en-US')} of ${totalRows.toLocaleString('en-US')} rows`;
  return `${table}: ${of} (${percent} %), ${rate.toFixed(1)} MB/s`;
}
