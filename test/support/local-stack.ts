import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

import { delay } from '#platform';

const root = fileURLToPath(new URL('../../', import.meta.url));

const stackSchema = z.object({
  worker_url: z.string(),
  distributor_url: z.string(),
  gateway_url: z.string(),
  orchestrator_url: z.string(),
  rpc_url: z.string(),
  database_url: z.string(),
  admin_password: z.string(),
  docker: z.enum(['engine', 'simulated']),
  period_seconds: z.number(),
  token_address: z.string(),
  payer_address: z.string(),
  pids: z.object({ worker: z.number(), distributor: z.number() }),
});

export type StackFacts = z.output<typeof stackSchema>;

export interface StackRunOptions {
  stateDir: string;
  periodSeconds?: number;
  environment?: Record<string, string>;
}

export async function makeStateDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'local-stack-'));
  // As root PostgreSQL runs as another user, who must be able to enter, or its data would live elsewhere.
  await chmod(folder, 0o755);
  return folder;
}

export const removeStateDir = (folder: string) => rm(folder, { recursive: true, force: true });

/** A run of the local stack, as `npm start` starts it, on free ports and a state folder of its own. */
export class StackRun {
  private readonly lines: string[] = [];
  private readonly watchers = new Set<() => void>();
  private readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(private readonly options: StackRunOptions) {
    const period = options.periodSeconds === undefined ? [] : ['--period', String(options.periodSeconds)];
    this.child = spawn(
      process.execPath,
      [join(root, 'dist/apps/local/src/main.js'), '--state', options.stateDir, ...period],
      {
        cwd: root,
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          WORKER_PORT: '0',
          PORT: '0',
          GATEWAY_PORT: '0',
          ORCHESTRATOR_PORT: '0',
          RPC_PORT: '0',
          ...options.environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        // eslint's control-character rule is right about input, but these are the colours of a terminal.
        this.lines.push(line.replaceAll('\u001b', '').replaceAll(/\[\d+m/g, ''));
        for (const look of this.watchers) look();
      });
    }
    this.exited = new Promise((done) => {
      this.child.once('close', (code) => {
        done(code);
        for (const look of this.watchers) look();
      });
    });
  }

  /** The place after the last line so far, to wait only for what comes later. */
  now(): number {
    return this.lines.length;
  }

  output(): string {
    return this.lines.join('\n');
  }

  /** The first line from `from` on that matches; fails with the whole output when none comes in time. */
  async line(pattern: RegExp, { from = 0, limitMs = 90_000 } = {}): Promise<string> {
    const limit = new AbortController();
    const search = new Promise<string>((found, failed) => {
      const look = () => {
        const match = this.lines.slice(from).find((line) => pattern.test(line));
        if (match !== undefined) found(match);
        else if (this.child.exitCode !== null) {
          failed(new Error(`The stack ended before ${String(pattern)}:\n${this.output()}`));
        }
      };
      this.watchers.add(look);
      limit.signal.addEventListener('abort', () => this.watchers.delete(look));
      look();
    });
    try {
      return await Promise.race([
        search,
        delay(limitMs, limit.signal).then(() => {
          throw new Error(`No line matched ${String(pattern)} within ${limitMs} ms:\n${this.output()}`);
        }),
      ]);
    } finally {
      limit.abort();
    }
  }

  async facts(): Promise<StackFacts> {
    await this.line(/Ctrl-C stops everything/);
    return stackSchema.parse(JSON.parse(await readFile(join(this.options.stateDir, 'stack.json'), 'utf8')));
  }

  /** Ends it as Ctrl-C does; returns its exit code. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode === null) this.child.kill('SIGINT');
    return this.exited;
  }

  /** Ends it without giving it a chance to clean up. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

export interface ProgramResult {
  code: number | null;
  output: string;
}

/** Runs one of the built programs to its end, as the npm script of the same name does. */
export async function runProgram(
  file: string,
  args: readonly string[],
  stateDir: string,
): Promise<ProgramResult> {
  const child = spawn(process.execPath, [join(root, 'dist', file), ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, STACK_FILE: join(stateDir, 'stack.json') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, output };
}
