import { readFile } from 'node:fs/promises';

/**
 * Largest resident memory of this process since it began. On Linux the one of `resourceUsage` also counts the process that
 * started this one.
 */
export async function peakMemoryBytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return (kilobytes === undefined ? process.resourceUsage().maxRSS : Number(kilobytes)) * 1_024;
}
