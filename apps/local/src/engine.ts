import { startSimulatedEngine } from '#monitoring/testing';
import Docker from 'dockerode';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { demonstrate } from './demonstration.js';

export interface LocalEngine {
  kind: 'engine' | 'simulated';
  /** In the syntax of DOCKER_HOST. */
  dockerHost: string;
  /** What a person should know about where the services come from. */
  note: string;
  stop: () => Promise<void>;
}

const pingLimitMs = 3_000;
const defaultSocket = 'unix:///var/run/docker.sock';

/** A dockerode client for `unix:///path` or `tcp://host:port`. */
export function dockerClient(dockerHost: string, timeoutMs = 60_000): Docker {
  const timeout = timeoutMs;
  if (dockerHost.startsWith('unix://')) {
    return new Docker({ socketPath: dockerHost.slice('unix://'.length), timeout });
  }
  const { hostname, port } = new URL(dockerHost);
  return new Docker({ host: hostname, port: port === '' ? 2375 : Number(port), protocol: 'http', timeout });
}

const answers = (dockerHost: string) =>
  dockerClient(dockerHost, pingLimitMs)
    .ping()
    .then(
      () => true,
      () => false,
    );

/** The path of a Unix socket may have 107 bytes only. */
async function socketIn(stateDir: string): Promise<string> {
  const path = resolve(stateDir, 'engine.sock');
  return Buffer.byteLength(path) <= 100
    ? path
    : join(await mkdtemp(join(tmpdir(), 'engine-')), 'engine.sock');
}

async function simulate(stateDir: string, services: readonly string[], why: string): Promise<LocalEngine> {
  const engine = await startSimulatedEngine({
    socketPath: await socketIn(stateDir),
    services: services.map((name) => ({ name })),
  });
  return {
    kind: 'simulated',
    dockerHost: `unix://${engine.socketPath}`,
    note: `${why}: a SIMULATED Engine with ${services.length} services`,
    stop: () => engine.stop(),
  };
}

/** The Docker Engine that answers, with the services or stand-ins for them; a simulated one when none does. */
export async function startEngine(
  stateDir: string,
  dockerHost: string | undefined,
  services: readonly string[],
): Promise<LocalEngine> {
  const host = dockerHost ?? defaultSocket;
  const docker = dockerClient(host);
  if (!(await answers(host))) return simulate(stateDir, services, `no Docker Engine answers at ${host}`);
  const demonstration = await demonstrate(docker, services);
  switch (demonstration.kind) {
    case 'own-services': {
      const note = `Docker Engine at ${host}, your own containers (${demonstration.found.length} of ${services.length} services)`;
      return { kind: 'engine', dockerHost: host, note, stop: demonstration.remove };
    }
    case 'demonstration': {
      const note = `Docker Engine at ${host}, ${services.length} small containers for DEMONSTRATION`;
      return { kind: 'engine', dockerHost: host, note, stop: demonstration.remove };
    }
    case 'no-image':
      return simulate(
        stateDir,
        services,
        `the Docker Engine at ${host} has none of the services and no image`,
      );
  }
}
