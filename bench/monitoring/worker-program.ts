import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';

import type { CleanUp } from '../run/clean-up.js';

const root = new URL('../../../', import.meta.url);
const packageSchema = z.object({ scripts: z.object({ 'start:worker': z.string() }) });
const startLimitMs = 60_000;
/** Docker kills after ten seconds. */
const stopLimitMs = 10_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const closed = once(server, 'close');
  server.close();
  await closed;
  return typeof address === 'object' && address ? address.port : 0;
}

/** The worker as `npm run start:worker` starts it. */
export class WorkerProgram {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    /** From the start of the process to the first 200 of `/health/ready`. */
    readonly readyMs: number,
  ) {}

  static async start(environment: Record<string, string>, cleanUp: CleanUp): Promise<WorkerProgram> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const { scripts } = packageSchema.parse(
      JSON.parse(await readFile(new URL('package.json', root), 'utf8')),
    );
    const startedMs = performance.now();
    const child = spawn('/bin/sh', ['-c', scripts['start:worker']], {
      cwd: root,
      env: {
        PATH: dirname(process.execPath),
        WORKER_PORT: String(port),
        CAPABILITY_CAPACITY: '64',
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    });
    cleanUp.add(() => void child.kill('SIGKILL'));
    while (!(await isReady(url))) {
      if (performance.now() - startedMs > startLimitMs || child.exitCode !== null) {
        throw new Error('the worker did not become ready');
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return new WorkerProgram(url, child, performance.now() - startedMs);
  }

  /** Megabytes; undefined where the system does not tell (no /proc). */
  async residentMb(): Promise<number | undefined> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kilobytes === undefined ? undefined : (Number(kilobytes) * 1_024) / 1e6;
  }

  /** Milliseconds from SIGTERM to its end. @throws when it does not end */
  async stop(): Promise<number> {
    const ended = once(this.child, 'exit', { signal: AbortSignal.timeout(stopLimitMs) });
    const askedMs = performance.now();
    this.child.kill('SIGTERM');
    await ended;
    return performance.now() - askedMs;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${url}/health/ready`);
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
