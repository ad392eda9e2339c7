import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { z } from 'zod';

const limitMs = 30_000;

const uptimeSchema = z.object({
  services: z.array(
    z.object({
      name: z.string(),
      up_ms: z.number(),
      inferred_up_ms: z.number(),
      down_ms: z.number(),
      starting_ms: z.number(),
      unknown_ms: z.number(),
    }),
  ),
});

const statusSchema = z.object({ services: z.record(z.string(), z.object({ state: z.string() })) });

/** The worker as it is shipped, in a process of its own. */
export class WorkerProcess {
  private constructor(
    private readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(environment: Record<string, string>, port: number): Promise<WorkerProcess> {
    const child = spawn(process.execPath, ['dist/apps/worker/src/main.js'], {
      env: { PATH: process.env.PATH ?? '', WORKER_PORT: String(port), ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const worker = new WorkerProcess(`http://127.0.0.1:${port}`, child);
    await worker.until('ready', async () => (await fetch(`${worker.url}/health/ready`)).ok);
    return worker;
  }

  async allUp(): Promise<void> {
    await this.until('every service up', async () => {
      const { services } = statusSchema.parse(await (await fetch(`${this.url}/service-status`)).json());
      return Object.values(services).every(({ state }) => state === 'up');
    });
  }

  /** Waits until the window lies before the watermark. */
  async uptime(service: string, fromMs: number, toMs: number) {
    const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
    let answer: unknown;
    await this.until('a watermark beyond the window', async () => {
      const response = await fetch(`${this.url}/service-uptime?from=${from ?? ''}&to=${to ?? ''}`);
      answer = await response.json();
      return response.ok;
    });
    const found = uptimeSchema.parse(answer).services.find(({ name }) => name === service);
    if (!found) throw new Error(`${service} is not in the answer`);
    return found;
  }

  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  private async until(what: string, condition: () => Promise<boolean>) {
    const endMs = Date.now() + limitMs;
    for (;;) {
      const isTrue = await condition().catch(() => false);
      if (isTrue) return;
      if (Date.now() > endMs || this.child.exitCode !== null) throw new Error(`The worker: not ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
