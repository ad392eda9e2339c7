import Docker from 'dockerode';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const socketPath = '/var/run/docker.sock';

export async function dockerAnswers(): Promise<boolean> {
  return new Docker({ socketPath, timeout: 3_000 }).ping().then(
    () => true,
    () => false,
  );
}

/** Containers on the real Engine, from a busybox of this machine, under names of this run only. */
export class BusyboxServices {
  private constructor(
    private readonly docker: Docker,
    private readonly image: string,
    readonly names: readonly string[],
  ) {}

  static async start(services: readonly string[]): Promise<BusyboxServices> {
    const docker = new Docker({ socketPath, timeout: 60_000 });
    const prefix = `e2e-${randomBytes(4).toString('hex')}`;
    const image = `${prefix}-image:latest`;
    await importBusybox(docker, `${prefix}-image`);
    const made = new BusyboxServices(
      docker,
      image,
      services.map((service) => `${prefix}-${service}`),
    );
    try {
      for (const name of made.names) await made.create(name);
    } catch (error) {
      await made.remove();
      throw error;
    }
    return made;
  }

  private async create(name: string): Promise<void> {
    const container = await this.docker.createContainer({
      name,
      Image: this.image,
      Cmd: ['/bin/busybox', 'sleep', '2147483647'],
      StopSignal: 'SIGKILL',
      HostConfig: { NetworkMode: 'none' },
    });
    await container.start();
  }

  async kill(name: string): Promise<void> {
    await this.docker.getContainer(name).kill();
  }

  async restore(name: string): Promise<void> {
    await this.docker.getContainer(name).start();
  }

  async remove(): Promise<void> {
    await Promise.all(
      this.names.map((name) =>
        this.docker
          .getContainer(name)
          .remove({ force: true })
          .catch(() => undefined),
      ),
    );
    await this.docker.getImage(this.image).remove({ force: true });
  }
}

async function importBusybox(docker: Docker, repo: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'busybox-'));
  try {
    await mkdir(join(folder, 'root/bin'), { recursive: true });
    await copyFile('/bin/busybox', join(folder, 'root/bin/busybox'));
    await run('tar', ['-C', join(folder, 'root'), '-cf', join(folder, 'root.tar'), '.']);
    const stream = await docker.importImage(createReadStream(join(folder, 'root.tar')), {
      repo,
      tag: 'latest',
    });
    await new Promise((done) => stream.resume().on('close', done));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
