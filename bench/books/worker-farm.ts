import { Child } from '../run/child.js';
import type { CleanUp } from '../run/clean-up.js';
import { type FarmMessage, farmState, type StartedWorkers, startedWorkers } from './farm-protocol.js';

/** Each worker needs a socket that listens and one for its connection, and many systems allow a process 4,096 or 10,240. */
const WORKERS_PER_PROCESS = 2_000;

/** Real HTTP servers on loopback that sign real reports, each worker with an origin, a key and containers of its own. */
export class WorkerFarm {
  private constructor(
    private readonly children: readonly Child[],
    readonly workers: StartedWorkers,
  ) {}

  static async start(count: number, cleanUp: CleanUp): Promise<WorkerFarm> {
    const children: Child[] = [];
    const workers: StartedWorkers = [];
    for (let first = 0; first < count; first += WORKERS_PER_PROCESS) {
      const settings = { first, count: Math.min(WORKERS_PER_PROCESS, count - first) };
      const child = Child.start(new URL('./farm-process.js', import.meta.url), settings, cleanUp);
      children.push(child);
      workers.push(...(await child.ask({ kind: 'start' } satisfies FarmMessage, startedWorkers)));
    }
    return new WorkerFarm(children, workers);
  }

  async setClockBehind(behindMs: number): Promise<void> {
    await this.tellAll(() => ({ kind: 'clock', behindMs }));
  }

  /** From now on this share of the workers does not answer. */
  async kill(dead: number): Promise<void> {
    const each = Math.floor(dead / this.children.length);
    const rest = dead % this.children.length;
    await this.tellAll((index) => ({ kind: 'kill', dead: each + (index < rest ? 1 : 0) }));
  }

  /** Processor time of all workers so far. */
  async cpuMs(): Promise<number> {
    const states = await this.tellAll(() => ({ kind: 'cpu' }));
    return states.reduce((sum, { cpu }) => sum + cpu.userMs + cpu.systemMs, 0);
  }

  private tellAll(message: (index: number) => FarmMessage) {
    return Promise.all(this.children.map((child, index) => child.ask(message(index), farmState)));
  }
}
