import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import Docker from 'dockerode';

import { runProgram } from './run-program.js';

/** A cold daemon with its containerd takes about two seconds. */
const startLimitMs = 60_000;

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Of a container's process: the shim that watches it for containerd. */
async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
}

export interface OwnEngineOptions {
  /** Containers outlive the daemon. */
  liveRestore: boolean;
}

/**
 * A Docker daemon of its own beside the one of the machine, to be restarted and killed: own data, own runtime state,
 * own socket, own containerd namespace, no network.
 */
export class OwnEngine {
  readonly docker: Docker;
  readonly socketPath: string;
  private daemon: ChildProcess | undefined;
  private output = '';

  private constructor(
    /** Everything that it keeps. */
    readonly directory: string,
    private liveRestore: boolean,
  ) {
    this.socketPath = join(directory, 'docker.sock');
    this.docker = new Docker({ socketPath: this.socketPath, timeout: 60_000 });
  }

  static async start({ liveRestore }: OwnEngineOptions): Promise<OwnEngine> {
    const engine = new OwnEngine(await mkdtemp(join(tmpdir(), 'own-engine-')), liveRestore);
    try {
      await engine.begin();
    } catch (error) {
      await engine.remove();
      throw error;
    }
    return engine;
  }

  private get isRunning(): boolean {
    return this.daemon?.exitCode === null && this.daemon.signalCode === null;
  }

  get dockerHost(): string {
    return `unix://${this.socketPath}`;
  }

  /** Starts the daemon, and waits until it answers. */
  async begin({ liveRestore }: OwnEngineOptions = { liveRestore: this.liveRestore }): Promise<void> {
    const { directory } = this;
    this.liveRestore = liveRestore;
    const namespace = basename(directory);
    // Settings of the machine's own daemon must not reach this one.
    await writeFile(join(directory, 'daemon.json'), '{}');
    // Without a bridge a daemon removes the default one, which is that of the machine's own daemon: it has its own network.
    const daemon = spawn(
      'unshare',
      [
        ...['--net', 'dockerd'],
        ...['--config-file', join(directory, 'daemon.json'), '--data-root', join(directory, 'data')],
        ...['--exec-root', join(directory, 'run'), '--pidfile', join(directory, 'pid')],
        ...['--host', this.dockerHost, '--bridge', 'none', '--iptables=false', '--ip6tables=false'],
        ...['--containerd-namespace', namespace, '--containerd-plugins-namespace', `${namespace}-plugins`],
        ...(liveRestore ? ['--live-restore'] : []),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.daemon = daemon;
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.output = (this.output + text).slice(-4_000);
    });
    daemon.on('error', (error) => (this.output += String(error)));
    await this.answers(daemon);
  }

  /** Ends the daemon as a service manager does; without live-restore the containers end with it. */
  async end(): Promise<void> {
    await this.signal('SIGTERM');
  }

  /** Everything ends at once and nobody is left who saw it: the daemon, what runs, and the state that is in memory only. */
  async cutPower(): Promise<void> {
    const running = await this.docker.listContainers();
    const inspected = await Promise.all(running.map(({ Id }) => this.docker.getContainer(Id).inspect()));
    const pids = inspected.map(({ State }) => State.Pid);
    const shims = await Promise.all(pids.map(parentOf));
    await this.kill();
    for (const pid of [...shims, ...pids]) killIfThere(pid);
    await this.unmount();
    await rm(join(this.directory, 'run'), { recursive: true, force: true, maxRetries: 5 });
  }

  /** The daemon dies without a word, its containerd with it; what runs in containers goes on. */
  async kill(): Promise<void> {
    const file = join(this.directory, 'run/containerd/containerd.pid');
    const containerd = Number(await readFile(file, 'utf8').catch(() => ''));
    await this.signal('SIGKILL');
    if (containerd > 0) killIfThere(containerd);
  }

  /** Ends everything and leaves nothing. */
  async remove(): Promise<void> {
    if (this.isRunning) {
      const containers = await this.docker.listContainers({ all: true }).catch(() => []);
      await Promise.all(
        containers.map(({ Id }) =>
          this.docker
            .getContainer(Id)
            .remove({ force: true })
            .catch(() => undefined),
        ),
      );
    }
    await this.end();
    await this.unmount();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  private async unmount() {
    const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1]);
    for (const mount of mounts.filter((path) => path?.startsWith(this.directory)).reverse()) {
      await runProgram('umount', ['--lazy', mount ?? '']);
    }
  }

  private async signal(signal: 'SIGTERM' | 'SIGKILL') {
    const { daemon } = this;
    if (!daemon || !this.isRunning) return;
    const exited = once(daemon, 'exit');
    daemon.kill(signal);
    await exited;
  }

  private async answers(daemon: ChildProcess) {
    const endMs = Date.now() + startLimitMs;
    for (;;) {
      try {
        await this.docker.ping();
        return;
      } catch (error) {
        if (Date.now() > endMs || daemon.pid === undefined || daemon.exitCode !== null) {
          throw new Error(`No Engine of its own: ${this.output}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}
