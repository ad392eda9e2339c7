import { readdir, readFile } from 'node:fs/promises';

/** Linux counts a process' time in these. */
const TICK_MS = 10;

interface ProcessTimes {
  parent: number;
  /** Its own and that of children which have ended. */
  ms: number;
}

async function timesOf(pid: number): Promise<ProcessTimes | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may hold spaces.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent, , , , , , , , , , user, system, childUser, childSystem] = fields;
  if (parent === undefined || childSystem === undefined) return undefined;
  return {
    parent,
    ms: ((user ?? 0) + (system ?? 0) + (childUser ?? 0) + childSystem) * TICK_MS,
  };
}

/** Time that a server and its processes have used so far; undefined where the system does not tell (no /proc). */
export async function cpuOfServerMs(pid: number): Promise<number | undefined> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const server = await timesOf(pid);
  if (!server) return undefined;
  const all = await Promise.all(pids.map(timesOf));
  return all.reduce((sum, times) => sum + (times?.parent === pid ? times.ms : 0), server.ms);
}
