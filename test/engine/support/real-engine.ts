import Docker from 'dockerode';

import { parseDockerHost } from '#monitoring';
import { canRunContainers, isProgram } from '#monitoring/testing';

/** The Engine of this machine, or the one that `DOCKER_HOST` names: the Engine's version is the caller's choice. */
export const dockerHost = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';

export const docker = new Docker({ ...parseDockerHost(dockerHost), timeout: 30_000 });

export const required = process.env.REQUIRE_DOCKER === '1';

export const isThere = required || (await canRunContainers(docker));

/** Another daemon can be started only by root, and where there is one to start. */
export const canStartEngines =
  required || (isThere && process.getuid?.() === 0 && (await isProgram('dockerd')));
