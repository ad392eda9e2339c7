import { readFile, rm, writeFile } from 'node:fs/promises';

import { endProcess, isProcessOf } from '#platform';

const endLimitMs = 5_000;

export const rememberProcess = (pidFile: string, pid: number): Promise<void> =>
  writeFile(pidFile, `${pid}\n`, { mode: 0o600 });

export const forgetProcess = (pidFile: string): Promise<void> => rm(pidFile, { force: true });

/**
 * Ends the process that an earlier run left behind when it was killed: it would write to the same files. Only when the
 * command line still names `mark`, since process ids are used again; where there is no /proc nothing is ended.
 */
export async function endLeftOverProcess(pidFile: string, mark: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  if (await isProcessOf(pid, mark)) await endProcess(pid, endLimitMs);
}
