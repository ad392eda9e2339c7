import { readFile } from 'node:fs/promises';

import { delay } from '../scheduling/delay.js';
import { errorCode } from '../wire/error-code.js';

/** Whether a process with this id runs; one of another user counts too. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/**
 * Whether the process still is what it was: ids are used again, so its command line must contain `mark`. Where the
 * system does not tell command lines (no /proc), the answer is no: nothing of a stranger's may be ended.
 */
export async function isProcessOf(pid: number, mark: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes(mark);
}

/** Asks the process to end with SIGINT, and ends it with SIGKILL when it has not done so within the limit. */
export async function endProcess(pid: number, limitMs: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    if (!isRunning(pid)) return;
    process.kill(pid, signal);
    const deadline = Date.now() + limitMs;
    while (isRunning(pid) && Date.now() < deadline) await delay(20);
  }
}
