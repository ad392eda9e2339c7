import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import type { z } from 'zod';

import type { CleanUp } from './clean-up.js';
import type { StartOptions } from './start-options.js';

const answerLimitMs = 180_000;

/** A process of the benchmark that does one thing at a time: a message goes in, its answer comes out. */
export class Child {
  private constructor(
    private readonly name: string,
    private readonly process: ChildProcess,
  ) {}

  /** Starts a compiled program of ours with its settings; it ends with the clean-up at the latest. */
  static start(program: URL, settings: unknown, cleanUp: CleanUp, options?: StartOptions): Child {
    const name = program.pathname.slice(program.pathname.lastIndexOf('/') + 1);
    const started = fork(program, [JSON.stringify(settings)], {
      // Logging is part of what the process does; nobody has to read it.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // Ctrl-C reaches the parent, which cleans up.
      detached: true,
      ...(options && {
        execArgv: options.flags,
        env: { PATH: dirname(process.execPath), ...options.environment },
      }),
    });
    const child = new Child(name, started);
    cleanUp.add(() => child.stop());
    return child;
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** @throws Error when the process ends or does not answer within three minutes */
  async ask<S extends z.ZodType>(message: unknown, answer: S): Promise<z.output<S>> {
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort();
    }, answerLimitMs);
    try {
      const exit = once(this.process, 'exit', { signal: limit.signal }).then(() => {
        throw new Error(`${this.name} has ended`);
      });
      const received = once(this.process, 'message', { signal: limit.signal });
      this.process.send({ message });
      const [content] = await Promise.race([received, exit.then(() => [undefined])]);
      return answer.parse(content);
    } finally {
      clearTimeout(timer);
      limit.abort();
    }
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }
}
