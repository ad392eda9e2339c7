import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';

import { delay } from '#platform';

import type { CleanUp } from './clean-up.js';
import { askHeldMemory, type HeldMemory, heldMemoryFlags } from './held-memory.js';
import { startOptions } from './start-options.js';

const shippedProgram = fileURLToPath(new URL('../../worker/main.js', import.meta.url));
const startLimitMs = 60_000;
/** Docker kills after ten. */
const stopLimitMs = 10_000;
const mostAttempts = 3;
/** It may be suspended for some seconds. */
const memoryLimitMs = 10_000;
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

export interface WorkerStart {
  /** Of the worker that will listen at this address. */
  environment: (url: string) => Record<string, string>;
  cleanUp: CleanUp;
  /** Answers 200 once what is waited for has come: being ready, or by default a first window that is settled. */
  until?: '/health/ready' | '/service-uptime';
  /** Instead of the shipped program; it gets the environment as its last argument. */
  program?: readonly string[] | undefined;
  /** It can be asked for what it holds. */
  tellsMemory?: boolean;
}

/** The worker in a process of its own, as `npm run start:worker` starts it. */
export class WorkerProgram {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly startedMs: number,
    /** From the start of the process to the first 200. */
    public readyMs = Number.NaN,
  ) {}

  /** A port that was free a moment ago may be taken when the worker wants it: then another one is tried. */
  static async start(options: WorkerStart): Promise<WorkerProgram> {
    for (let attempt = 1; ; attempt += 1) {
      const program = await WorkerProgram.spawn(options);
      if (await program.answers(options.until ?? '/service-uptime')) return program;
      if (attempt === mostAttempts) throw new Error('the worker did not become ready');
    }
  }

  private static async spawn({
    environment,
    cleanUp,
    program,
    tellsMemory = false,
  }: WorkerStart): Promise<WorkerProgram> {
    const port = await freePort();
    const dataDir = await mkdtemp(join(tmpdir(), 'bench-worker-'));
    cleanUp.add(() => rm(dataDir, { recursive: true, force: true }));
    const all = {
      WORKER_PORT: String(port),
      WORKER_DATA_DIR: dataDir,
      ...environment(`http://127.0.0.1:${port}`),
    };
    const args = program ? [...program, JSON.stringify(all)] : [shippedProgram];
    const startedMs = performance.now();
    const measuring = tellsMemory ? heldMemoryFlags : [];
    const child = spawn(process.execPath, [...flags, ...measuring, ...args], {
      env: { ...allocator, ...(program ? {} : all) },
      stdio: ['ignore', 'ignore', 'inherit', ...(tellsMemory ? (['ipc'] as const) : [])],
      // Ctrl-C reaches the parent, which cleans up.
      detached: true,
    });
    cleanUp.add(() => void child.kill('SIGKILL'));
    return new WorkerProgram(port, child, startedMs);
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

  /** After a collection; undefined when it does not answer. For a worker that `tellsMemory`. */
  heldMemory(): Promise<HeldMemory | undefined> {
    return askHeldMemory(this.child, memoryLimitMs);
  }

  isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** As Docker stops it: milliseconds from SIGTERM to its end; undefined when it had to be killed or failed. */
  async stop(): Promise<number | undefined> {
    const askedMs = performance.now();
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), stopLimitMs);
    await ended;
    clearTimeout(impatience);
    // Nest lets the signal take its course once everything is closed.
    const isClean = this.child.exitCode === 0 || this.child.signalCode === 'SIGTERM';
    return isClean ? performance.now() - askedMs : undefined;
  }

  private async answers(path: string): Promise<boolean> {
    while (!(await this.isOk(path))) {
      if (!this.isRunning() || performance.now() - this.startedMs > startLimitMs) return false;
      await delay(5);
    }
    this.readyMs = performance.now() - this.startedMs;
    return true;
  }

  private async isOk(path: string): Promise<boolean> {
    try {
      const { statusCode, body } = await request(this.url + path);
      await body.dump();
      return statusCode === 200;
    } catch {
      return false;
    }
  }
}
