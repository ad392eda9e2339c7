import type Docker from 'dockerode';

import type { Span } from './judge-periods.js';

/** Around a stop and a start: what the Engine did when is between the call and its answer, and a moment after. */
const doubtMs = 1_000;

/** Containers that do nothing but run, for workers to watch; and what is known of when they did not. */
export class WatchedServices {
  readonly outages: Span[] = [];
  readonly unsure: Span[] = [];
  private stopped: { name: string; sinceMs: number } | undefined;

  private constructor(
    private readonly docker: Docker,
    private readonly names: readonly string[],
  ) {}

  static async start(docker: Docker, image: string, names: readonly string[]): Promise<WatchedServices> {
    const services = new WatchedServices(docker, names);
    try {
      for (const name of names) {
        const Cmd = ['sleep', '2147483647'];
        const HostConfig = { NetworkMode: 'none' };
        const container = await docker.createContainer({
          name,
          Image: image,
          Cmd,
          StopSignal: 'SIGKILL',
          HostConfig,
        });
        await container.start();
      }
    } catch (error) {
      await services.remove();
      throw error;
    }
    return services;
  }

  async stop(name: string): Promise<void> {
    const fromMs = Date.now();
    await this.docker.getContainer(name).stop();
    const sinceMs = Date.now();
    this.unsure.push({ fromMs: fromMs - doubtMs, toMs: sinceMs });
    this.stopped = { name, sinceMs };
  }

  async startAgain(): Promise<void> {
    if (this.stopped === undefined) return;
    const { name, sinceMs } = this.stopped;
    const fromMs = Date.now();
    await this.docker.getContainer(name).start();
    this.outages.push({ fromMs: sinceMs, toMs: fromMs });
    this.unsure.push({ fromMs, toMs: Date.now() + doubtMs });
    this.stopped = undefined;
  }

  async remove(): Promise<void> {
    const remove = (name: string) => this.docker.getContainer(name).remove({ force: true });
    await Promise.all(this.names.map((name) => remove(name).catch(() => undefined)));
  }
}
