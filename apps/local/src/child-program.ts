import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import { delay, exponentialBackoff } from '#platform';

/** One line of an app's log. */
export type LoggedFact = z.output<typeof factSchema>;

const factSchema = z.looseObject({ level: z.string(), message: z.string() });

export interface ChildProgramOptions {
  name: 'worker' | 'distributor';
  environment: Readonly<Record<string, string>>;
  logFile: string;
  onFact: (fact: LoggedFact) => void;
  /** Called at the start and again whenever it had to be started anew. */
  onStart: (pid: number) => void;
}

const stopLimitMs = 15_000;

function parseFact(line: string): LoggedFact | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return factSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/**
 * One of our apps as a process of its own, as in production: configured by its environment only, in a process group of
 * its own (Ctrl-C of the terminal reaches it through `stop`), started anew with backoff when it dies.
 */
export class ChildProgram {
  readonly name: ChildProgramOptions['name'];
  private readonly log: WriteStream;
  private readonly backoff = exponentialBackoff({ minMs: 500, maxMs: 15_000 });
  private child: ChildProcess | undefined;
  private stopping = new AbortController();
  private life: Promise<void> | undefined;
  private lastLines: string[] = [];
  private deaths = 0;

  constructor(private readonly options: ChildProgramOptions) {
    this.name = options.name;
    this.log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  }

  start(): void {
    this.life ??= this.live();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const { child } = this;
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      await this.life;
      clearTimeout(limit);
    }
    await this.life;
    await new Promise<void>((done) => {
      this.log.end(done);
    });
  }

  /** Whether it has ended by itself, even when it was started anew. */
  hasDied(): boolean {
    return this.deaths > 0;
  }

  /** What it said last, for when it does not become ready. */
  lastWords(): string {
    return this.lastLines.join('\n');
  }

  private async live(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const startedAt = Date.now();
      await this.runOnce();
      if (!this.stopping.signal.aborted) this.deaths += 1;
      if (Date.now() - startedAt > 30_000) this.backoff.reset();
      await delay(this.backoff.next(), signal);
    }
  }

  private async runOnce(): Promise<void> {
    const { name, environment, onStart } = this.options;
    const main = fileURLToPath(new URL(`../../${name}/src/main.js`, import.meta.url));
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.take(line);
      });
    }
    if (child.pid !== undefined) onStart(child.pid);
    await new Promise<void>((done) => {
      child.once('error', () => {
        done();
      });
      child.once('close', () => {
        done();
      });
    });
  }

  private take(line: string): void {
    this.log.write(`${line}\n`);
    this.lastLines = [...this.lastLines.slice(-11), line];
    const fact = parseFact(line);
    if (fact) this.options.onFact(fact);
  }
}
