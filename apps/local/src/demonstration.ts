import Docker from 'dockerode';
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { access, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { delay } from '#platform';

/** Marks containers that stand in for the services during `npm start`, so that nobody takes them for the real ones. */
export const demonstrationLabel = 'uptime-payroll.demonstration';

const demonstrationImage = 'uptime-payroll-demonstration:latest';
const pullLimitMs = 20_000;
const run = promisify(execFile);

async function hasImage(docker: Docker, name: string): Promise<boolean> {
  return docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

async function pull(docker: Docker, name: string): Promise<boolean> {
  const limit = new AbortController();
  const pulling = new Promise<boolean>((done) => {
    docker.pull(name).then(
      (stream) => {
        docker.modem.followProgress(stream, (error) => {
          done(!error);
        });
      },
      () => {
        done(false);
      },
    );
  });
  const pulled = await Promise.race([pulling, delay(pullLimitMs, limit.signal).then(() => false)]);
  limit.abort();
  return pulled && (await hasImage(docker, name));
}

/** Made from a statically linked busybox of this machine, where there is one and nothing can be pulled. */
async function importBusybox(docker: Docker): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'demonstration-'));
  try {
    await access('/bin/busybox');
    await mkdir(join(folder, 'root/bin'), { recursive: true });
    await copyFile('/bin/busybox', join(folder, 'root/bin/busybox'));
    await run('tar', ['-C', join(folder, 'root'), '-cf', join(folder, 'root.tar'), '.']);
    const [repo, tag] = demonstrationImage.split(':');
    const stream = await docker.importImage(createReadStream(join(folder, 'root.tar')), { repo, tag });
    await new Promise((done) => stream.resume().on('close', done));
    return await hasImage(docker, demonstrationImage);
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** An image that can only sleep, by its name, or undefined when none can be had. */
async function findImage(docker: Docker): Promise<string | undefined> {
  for (const name of [demonstrationImage, 'busybox:latest', 'alpine:latest']) {
    if (await hasImage(docker, name)) return name;
  }
  if (await importBusybox(docker)) return demonstrationImage;
  if (await pull(docker, 'busybox:latest')) return 'busybox:latest';
  return undefined;
}

async function listAll(docker: Docker) {
  const containers = await docker.listContainers({ all: true });
  return containers.map(({ Id, Names, Labels }) => ({
    id: Id,
    names: Names.map((name) => name.replace(/^\//, '')),
    isDemonstration: demonstrationLabel in Labels,
  }));
}

async function removeAll(docker: Docker, services: readonly string[]): Promise<void> {
  const containers = await listAll(docker);
  const ours = containers.filter(
    ({ names, isDemonstration }) => isDemonstration && names.some((name) => services.includes(name)),
  );
  await Promise.all(ours.map(({ id }) => docker.getContainer(id).remove({ force: true })));
}

export interface Demonstration {
  kind: 'own-services' | 'demonstration' | 'no-image';
  /** Names that have a container. */
  found: string[];
  remove: () => Promise<void>;
}

/**
 * Where the Engine has none of the services, small containers under their names for the time of the run. Those of a
 * killed run are replaced; containers without the label are never touched.
 */
export async function demonstrate(docker: Docker, patterns: readonly string[]): Promise<Demonstration> {
  const services = patterns.filter((pattern) => !/[*?]/.test(pattern));
  await removeAll(docker, services);
  const existing = (await listAll(docker)).flatMap(({ names }) => names);
  const found = services.filter((name) => existing.includes(name));
  const remove = () => removeAll(docker, services);
  if (found.length > 0) return { kind: 'own-services', found, remove: async () => undefined };
  const image = await findImage(docker);
  if (image === undefined) return { kind: 'no-image', found: [], remove: async () => undefined };
  try {
    for (const name of services) {
      const container = await docker.createContainer({
        name,
        Image: image,
        Cmd: ['/bin/busybox', 'sleep', '2147483647'],
        Labels: { [demonstrationLabel]: 'true' },
        StopSignal: 'SIGKILL',
        HostConfig: { NetworkMode: 'none' },
      });
      await container.start();
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { kind: 'demonstration', found: [...services], remove };
}
