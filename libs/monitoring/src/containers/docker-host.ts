import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type EngineAddress = { socketPath: string } | { protocol: 'http'; host: string; port: number };

export class InvalidDockerHostError extends Error {
  constructor(dockerHost: string) {
    super(
      `DOCKER_HOST ${JSON.stringify(dockerHost)} is not understood: use unix:///path/to/docker.sock or tcp://host:port`,
    );
    this.name = 'InvalidDockerHostError';
  }
}

/** Docker Desktop puts its socket into the home directory, an Engine of the system into /var/run. */
function defaultSocket(): string {
  if (process.platform === 'win32') return '//./pipe/docker_engine';
  const desktop = join(homedir(), '.docker', 'run', 'docker.sock');
  return existsSync(desktop) ? desktop : '/var/run/docker.sock';
}

/** Where the Engine answers, from the syntax of DOCKER_HOST; undefined or empty is the default socket. */
export function parseDockerHost(dockerHost: string | undefined): EngineAddress {
  if (!dockerHost) return { socketPath: defaultSocket() };
  const socket = /^(?:unix|npipe):\/\/(.*)$/.exec(dockerHost);
  if (socket)
    return { socketPath: socket[1] === undefined || socket[1] === '' ? defaultSocket() : socket[1] };
  const tcp = /^(?:tcp|http):\/\/(?<host>\[[0-9a-fA-F:]+\]|[^:/\s]+)(?::(?<port>\d{1,5}))?\/?$/.exec(
    dockerHost,
  );
  const host = tcp?.groups?.host;
  const port = Number(tcp?.groups?.port ?? '2375');
  if (!host || port < 1 || port > 65_535) throw new InvalidDockerHostError(dockerHost);
  return { protocol: 'http', host: host.replace(/^\[|\]$/g, ''), port };
}
