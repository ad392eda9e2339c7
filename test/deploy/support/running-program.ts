import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const endLimitMs = 20_000;
const keptLines = 40;

/** A built app as a process, configured by its environment alone. */
export class RunningProgram {
  private readonly lines: string[] = [];
  private readonly exited: Promise<number | NodeJS.Signals | null>;

  private constructor(private readonly child: ChildProcess) {
    this.exited = new Promise((done) => {
      child.once('exit', (code, signal) => {
        done(code ?? signal);
      });
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (this.lines.push(line) > keptLines) this.lines.shift();
      });
    }
  }

  static start(program: string, environment: Readonly<Record<string, string>>): RunningProgram {
    const env = { PATH: process.env.PATH, LOG_FORMAT: 'json', ...environment };
    return new RunningProgram(spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get lastWords(): string {
    return this.lines.join('\n');
  }

  /** As Docker stops a container. @throws when it does not end in order */
  async end(): Promise<void> {
    this.child.kill('SIGTERM');
    const limit = setTimeout(() => this.child.kill('SIGKILL'), endLimitMs);
    const end = await this.exited;
    clearTimeout(limit);
    // Nest ends what is under way, then sends itself the signal again.
    if (end !== 0 && end !== 'SIGTERM') throw new Error(`A program ended with ${end}:\n${this.lastWords}`);
  }
}
