import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';

import Docker from 'dockerode';

import { tarOf } from '../tar.js';

const busybox = '/bin/busybox';

export interface RealContainerOptions {
  /** Run by busybox's shell; absent: it sleeps. */
  script?: string;
  /** A health check every 100 ms by these arguments of busybox; one failure is enough. */
  health?: readonly string[];
  restartPolicy?: 'always' | 'no';
  /** Bytes. */
  memory?: number;
  /** `host path:container path` */
  binds?: string[];
  labels?: Record<string, string>;
}

const asShell = (script: string) => ['/busybox', 'sh', '-c', script];

/** Whether an Engine answers there, and there is something to run: nothing can be pulled. */
export async function canRunContainers(docker: Docker): Promise<boolean> {
  try {
    await docker.ping();
    await readFile(busybox);
    return true;
  } catch {
    return false;
  }
}

/** Containers on a real Engine, all of the busybox of this machine, under names that no other run uses. */
export class RealContainers {
  private constructor(
    readonly docker: Docker,
    readonly prefix: string,
  ) {}

  static async on(docker: Docker): Promise<RealContainers> {
    const made = new RealContainers(docker, `spec-${randomBytes(4).toString('hex')}`);
    const tar = tarOf([{ name: 'busybox', mode: 0o755, content: await readFile(busybox) }]);
    const answer = await docker.importImage(Readable.from([tar]), { repo: made.repository, tag: 'latest' });
    await new Promise((resolve, reject) => {
      answer.on('end', resolve).on('error', reject).resume();
    });
    return made;
  }

  /** Podman looks for a name without a host elsewhere first. */
  private get repository(): string {
    return `localhost/${this.prefix}`;
  }

  get image(): string {
    return `${this.repository}:latest`;
  }

  name(service: string): string {
    return `${this.prefix}-${service}`;
  }

  get(name: string): Docker.Container {
    return this.docker.getContainer(name);
  }

  async create(name: string, options: RealContainerOptions = {}): Promise<Docker.Container> {
    const { script, health, restartPolicy = 'no', memory, binds, labels } = options;
    return this.docker.createContainer({
      name,
      Image: this.image,
      Cmd: script === undefined ? ['/busybox', 'sleep', '2147483647'] : asShell(script),
      StopTimeout: 1,
      ...(labels && { Labels: labels }),
      HostConfig: {
        NetworkMode: 'none',
        RestartPolicy: { Name: restartPolicy },
        ...(binds && { Binds: binds }),
        ...(memory !== undefined && { Memory: memory, MemorySwap: memory }),
      },
      ...(health !== undefined && {
        Healthcheck: { Test: ['CMD', '/busybox', ...health], Interval: 1e8, Timeout: 1e9, Retries: 1 },
      }),
    });
  }

  async run(name: string, options: RealContainerOptions = {}): Promise<Docker.Container> {
    const container = await this.create(name, options);
    await container.start();
    return container;
  }

  /** Runs a command in a container and waits for its end. */
  async exec(name: string, script: string): Promise<void> {
    const exec = await this.get(name).exec({ Cmd: asShell(script), AttachStdout: true });
    const output = await exec.start({});
    await new Promise((resolve) => output.on('close', resolve).on('error', resolve).resume());
  }

  /** When the present run began and the last one ended, by the Engine; Unix milliseconds. */
  async times(name: string): Promise<{ startedMs: number; finishedMs: number }> {
    const { State } = await this.get(name).inspect();
    return { startedMs: Date.parse(State.StartedAt), finishedMs: Date.parse(State.FinishedAt) };
  }

  async removeAll(): Promise<void> {
    const ours = await this.docker.listContainers({ all: true, filters: { ancestor: [this.image] } });
    await Promise.all(ours.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true })));
  }

  /** The containers and their image. */
  async end(): Promise<void> {
    await this.removeAll();
    await this.docker.getImage(this.image).remove({ force: true });
  }
}
