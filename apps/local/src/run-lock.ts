import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { delay } from '#platform';
import { UsageError } from './options.js';

const lockSchema = z.object({ pid: z.number().int(), children: z.record(z.string(), z.number().int()) });

const endLimitMs = 10_000;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A pid may have been given to a stranger since: where the system tells what it runs, it must be one of our apps. */
async function isOurs(pid: number, part: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return commandLine === undefined || commandLine.includes(part);
}

async function end(pid: number): Promise<void> {
  const deadline = Date.now() + endLimitMs;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isAlive(pid)) return;
    process.kill(pid, signal);
    while (isAlive(pid) && Date.now() < deadline) await delay(50);
  }
}

/** One run per state folder, and no process of a killed run beside it. */
export class RunLock {
  private readonly file: string;
  private readonly children: Record<string, number> = {};

  constructor(stateDir: string) {
    this.file = join(stateDir, 'run.json');
  }

  /** Ends what a killed run left. @throws UsageError when another run is alive */
  async take(): Promise<void> {
    const text = await readFile(this.file, 'utf8').catch(() => undefined);
    const previous = text === undefined ? undefined : lockSchema.safeParse(JSON.parse(text)).data;
    if (previous) {
      if (previous.pid !== process.pid && (await isOurs(previous.pid, 'apps/local'))) {
        throw new UsageError(
          `The local stack already runs here (process ${previous.pid}). Stop it with Ctrl-C.`,
        );
      }
      for (const [name, pid] of Object.entries(previous.children)) {
        if (await isOurs(pid, `apps/${name}/`)) await end(pid);
      }
    }
    await this.write();
  }

  async addChild(name: string, pid: number): Promise<void> {
    this.children[name] = pid;
    await this.write();
  }

  async release(): Promise<void> {
    await rm(this.file, { force: true });
  }

  private write(): Promise<void> {
    return writeFile(this.file, JSON.stringify({ pid: process.pid, children: this.children }), {
      mode: 0o600,
    });
  }
}
