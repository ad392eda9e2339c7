import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { endProcess, isProcessOf, readIfExists, writeWhole } from '#platform';
import { UsageError } from './options.js';

const lockSchema = z.object({ pid: z.int(), children: z.record(z.string(), z.int()) });

const endLimitMs = 10_000;

/** What stands in the command line of each process of ours. */
const marks = {
  stack: 'apps/local/',
  worker: 'apps/worker/',
  distributor: 'apps/distributor/',
  database: 'postgres',
  chain: 'anvil',
} as const;

export type ChildName = Exclude<keyof typeof marks, 'stack'>;

/** Those who use come before those who are used. */
const endOrder: readonly ChildName[] = ['worker', 'distributor', 'database', 'chain'];

/** One run per state folder, and no process of a killed run beside it. */
export class RunLock {
  private readonly file: string;
  private children: Partial<Record<ChildName, number>> = {};

  constructor(stateDir: string) {
    this.file = join(stateDir, 'run.json');
  }

  /** Ends what a killed run left. @throws UsageError when another run is alive */
  async take(): Promise<void> {
    const text = await readIfExists(this.file);
    const previous = text === undefined ? undefined : lockSchema.safeParse(JSON.parse(text)).data;
    if (previous && previous.pid !== process.pid) {
      if (await isProcessOf(previous.pid, marks.stack)) {
        throw new UsageError(
          `The local stack already runs here (process ${previous.pid}). Stop it with Ctrl-C.`,
        );
      }
      for (const name of endOrder) {
        const pid = previous.children[name];
        if (pid !== undefined && (await isProcessOf(pid, marks[name]))) await endProcess(pid, endLimitMs);
      }
    }
    this.children = {};
    this.write();
  }

  addChild(name: ChildName, pid: number): void {
    this.children[name] = pid;
    this.write();
  }

  async release(): Promise<void> {
    await rm(this.file, { force: true });
  }

  /** Synchronous, so that parts which start together cannot write into each other. */
  private write(): void {
    writeWhole(this.file, JSON.stringify({ pid: process.pid, children: this.children }));
  }
}
