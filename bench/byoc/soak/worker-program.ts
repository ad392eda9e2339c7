import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';

import type { CleanUp } from '../../run/clean-up.js';
import { startOptions } from '../../run/start-options.js';

const realProgram = fileURLToPath(new URL('../../../worker/main.js', import.meta.url));
const hurriedProgram = fileURLToPath(new URL('worker-process.js', import.meta.url));
const startLimitMs = 60_000;
const stopLimitMs = 15_000;
const mostAttempts = 3;
const { flags, environment: allocator } = startOptions('start:worker');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const closed = once(server, 'close');
  server.close();
  await closed;
  return typeof address === 'object' && address ? address.port : 0;
}

/** The worker in a process of its own: with the real heartbeat its real program, as `npm run start:worker` starts it. */
export class WorkerProgram {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  /** A port that was free a moment ago may be taken when the worker wants it: then another one is tried. */
  static async start(
    environment: (url: string) => Record<string, string>,
    heartbeatMs: number | undefined,
    cleanUp: CleanUp,
  ): Promise<WorkerProgram> {
    for (let attempt = 1; ; attempt += 1) {
      const program = await WorkerProgram.spawn(environment, heartbeatMs, cleanUp);
      if (await program.hasSettled()) return program;
      if (attempt === mostAttempts) throw new Error('the worker did not become ready');
    }
  }

  private static async spawn(
    environment: (url: string) => Record<string, string>,
    heartbeatMs: number | undefined,
    cleanUp: CleanUp,
  ): Promise<WorkerProgram> {
    const port = await freePort();
    const dataDir = await mkdtemp(join(tmpdir(), 'soak-worker-'));
    cleanUp.add(() => rm(dataDir, { recursive: true, force: true }));
    const all = {
      WORKER_PORT: String(port),
      WORKER_DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
      ...environment(`http://127.0.0.1:${port}`),
    };
    const args =
      heartbeatMs === undefined ? [realProgram] : [hurriedProgram, String(heartbeatMs), JSON.stringify(all)];
    const child = spawn(process.execPath, [...flags, ...args], {
      env: { ...allocator, ...(heartbeatMs === undefined && all) },
      stdio: ['ignore', 'ignore', 'inherit'],
      // Ctrl-C reaches the parent, which cleans up.
      detached: true,
    });
    cleanUp.add(() => void child.kill('SIGKILL'));
    return new WorkerProgram(port, child);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** As a machine does that swaps or is suspended: connections stand, nothing is answered. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** Megabytes; undefined where the system does not tell (no /proc). */
  async residentMb(): Promise<number | undefined> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kilobytes === undefined ? undefined : (Number(kilobytes) * 1_024) / 1e6;
  }

  isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** As Docker stops it. False when it had to be killed. */
  async stop(): Promise<boolean> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), stopLimitMs);
    await ended;
    clearTimeout(impatience);
    // Nest lets the signal take its course once everything is closed.
    return this.child.exitCode === 0 || this.child.signalCode === 'SIGTERM';
  }

  private async hasSettled(): Promise<boolean> {
    const givesUpAt = performance.now() + startLimitMs;
    while (!(await this.isSettled())) {
      if (!this.isRunning() || performance.now() > givesUpAt) return false;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return true;
  }

  private async isSettled(): Promise<boolean> {
    try {
      const { statusCode, body } = await request(`${this.url}/service-uptime`);
      await body.dump();
      return statusCode === 200;
    } catch {
      return false;
    }
  }
}
