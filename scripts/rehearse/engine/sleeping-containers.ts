import type Docker from 'dockerode';

import type { Engine } from '../watched-services.js';

/** Containers that only sleep, on a real Engine. */
export class SleepingContainers implements Engine {
  private constructor(
    private readonly docker: Docker,
    private readonly names: readonly string[],
  ) {}

  static async start(docker: Docker, image: string, names: readonly string[]): Promise<SleepingContainers> {
    const containers = new SleepingContainers(docker, names);
    try {
      for (const name of names) {
        const HostConfig = { NetworkMode: 'none' };
        const Cmd = ['sleep', '2147483647'];
        await docker.createContainer({ name, Image: image, Cmd, StopSignal: 'SIGKILL', HostConfig });
        await containers.start(name);
      }
    } catch (error) {
      await containers.remove();
      throw error;
    }
    return containers;
  }

  async start(name: string): Promise<void> {
    await this.docker.getContainer(name).start();
  }

  async stop(name: string): Promise<void> {
    await this.docker.getContainer(name).stop();
  }

  async remove(): Promise<void> {
    const remove = (name: string) => this.docker.getContainer(name).remove({ force: true });
    await Promise.all(this.names.map((name) => remove(name).catch(() => undefined)));
  }
}
