import { afterAll, beforeAll, expect, it } from '@jest/globals';
import Docker from 'dockerode';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { delay } from '#platform';
import { repository } from './support/compose-file.js';
import { removeImageAndChildren } from '../../scripts/rehearse/engine/import-image.js';
import { importProxyImage } from '../../scripts/rehearse/engine/stand-in-images.js';
import { describeWith } from './support/tools-present.js';

const prefix = `proxytest-${randomBytes(4).toString('hex')}`;
const docker = new Docker();

/** Long enough for one answer of the Engine, short enough to be seen passing. */
const shortTimeout = '400ms';

(await describeWith('engine', 'haproxy'))('the proxy before the Docker socket', () => {
  let image: string;
  let folder: string;
  let port: number;
  let container: Docker.Container;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `${prefix}-`));
    const config = await readFile(join(repository, 'deploy/docker-proxy/haproxy.cfg'), 'utf8');
    // The limits in seconds become short, so that a test sees each of them pass; those in days stay as they are.
    const hurried = config.replace(/^( +timeout .*? )\d+s$/gm, `$1${shortTimeout}`);
    expect(hurried).not.toBe(config);
    await writeFile(join(folder, 'haproxy.cfg'), hurried, { mode: 0o644 });
    image = await importProxyImage(docker, prefix);
    // Hardened as in the compose file.
    container = await docker.createContainer({
      name: prefix,
      Image: image,
      User: '0:0',
      Entrypoint: ['haproxy'],
      Cmd: ['-W', '-db', '-f', '/usr/local/etc/haproxy/haproxy.cfg'],
      StopSignal: 'SIGTERM',
      ExposedPorts: { '2375/tcp': {} },
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        PortBindings: { '2375/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
        Binds: [
          `${join(folder, 'haproxy.cfg')}:/usr/local/etc/haproxy/haproxy.cfg:ro`,
          '/var/run/docker.sock:/var/run/docker.sock',
        ],
      },
    });
    await container.start();
    const { NetworkSettings } = await container.inspect();
    port = Number(NetworkSettings.Ports['2375/tcp']?.[0]?.HostPort);
    await waitUntilServing();
  });

  afterAll(async () => {
    await docker
      .getContainer(prefix)
      .remove({ force: true })
      .catch(() => undefined);
    await removeImageAndChildren(docker, image);
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      request({ host: '127.0.0.1', port, method, path, headers, agent: false }, resolve)
        .on('error', reject)
        .end();
    });

  async function statusOf(method: string, path: string, headers: Record<string, string> = {}) {
    const answer = await ask(method, path, headers);
    answer.destroy();
    return answer.statusCode;
  }

  async function waitUntilServing() {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const status = await statusOf('GET', '/_ping').catch((error: unknown) => error);
      if (status === 200) return;
      if (Date.now() > deadline) throw new Error(`HAProxy does not serve: ${String(status)}`);
      await delay(50);
    }
  }

  it('lets the worker look: with dockerode as the worker uses it', async () => {
    const through = new Docker({ host: '127.0.0.1', port, protocol: 'http' });
    expect(String(await through.ping())).toBe('OK');
    expect((await through.version()).ApiVersion).toBe((await docker.version()).ApiVersion);
    const listed = await through.listContainers({ all: true, filters: { name: [prefix] } });
    expect(listed.map(({ Names }) => Names)).toEqual([[`/${prefix}`]]);
    expect((await through.getContainer(prefix).inspect()).Id).toBe(container.id);
    expect((await through.getContainer(container.id).inspect()).Name).toBe(`/${prefix}`);
  });

  it.each([
    '/_ping',
    '/version',
    '/containers/json',
    '/containers/json?all=1',
    '/v1.41/version',
    `/v1.41/containers/${prefix}/json`,
  ])('answers GET %s', async (path) => {
    expect(await statusOf('GET', path)).toBe(200);
  });

  it.each([
    ['POST', `/containers/${prefix}/stop`],
    ['POST', `/containers/${prefix}/exec`],
    ['POST', '/containers/create'],
    ['POST', '/images/create?fromSrc=-'],
    ['POST', '/v1.41/build'],
    ['POST', '/session'],
    ['POST', '/_ping'],
    ['PUT', `/containers/${prefix}/archive?path=/tmp`],
    ['DELETE', `/containers/${prefix}?force=1`],
    ['HEAD', '/_ping'],
    ['HEAD', '/containers/json'],
    ['OPTIONS', '/containers/json'],
    ['GET', '/'],
    ['GET', '/info'],
    ['GET', '/images/json'],
    ['GET', '/volumes'],
    ['GET', '/networks'],
    ['GET', '/system/df'],
    ['GET', '/exec/1/json'],
    ['GET', `/containers/${prefix}/archive?path=/etc`],
    ['GET', `/containers/${prefix}/export`],
    ['GET', `/containers/${prefix}/logs?stdout=1`],
    ['GET', `/containers/${prefix}/top`],
    ['GET', `/containers/${prefix}/stats`],
    ['GET', `/containers/${prefix}/changes`],
    ['GET', `/containers/${prefix}/attach/ws`],
    ['GET', '/containers/json?size=1'],
    ['GET', `/containers/${prefix}/json?size=true`],
    // The same in other clothes.
    ['GET', `/containers/${prefix}/archive/../json`],
    ['GET', `/containers/..%2fimages/json`],
    ['GET', '/containers/../images/json'],
    ['GET', '/images/json?/containers/json'],
    ['GET', '/images/json;/_ping'],
    ['GET', '//containers/json'],
    ['GET', '/v1.41/v1.41/containers/json'],
    ['GET', '/_ping/'],
    ['GET', '/_ping%00'],
    ['GET', '/CONTAINERS/json'],
  ])('refuses %s %s', async (method, path) => {
    expect(await statusOf(method, path)).toBe(403);
  });

  it('refuses to hand over the connection', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'h2c' };
    expect(await statusOf('GET', '/_ping', headers)).toBe(403);
  });

  it('keeps a quiet event stream open while every other limit passes, and delivers what comes then', async () => {
    const filters = encodeURIComponent(JSON.stringify({ container: [`${prefix}-seen`] }));
    const stream = await ask('GET', `/events?filters=${filters}`);
    expect(stream.statusCode).toBe(200);
    const nextEvent = new Promise<string>((resolve, reject) => {
      stream.setEncoding('utf8').once('data', resolve).once('error', reject);
      stream.once('end', () => {
        reject(new Error('The stream was cut.'));
      });
    });
    // Each idle connection is closed by the limits that the stream has been under for at least as long.
    for (let passed = 0; passed < 3; passed += 1) await idleConnectionClosed();
    const seen = await docker.createContainer({ name: `${prefix}-seen`, Image: image, Cmd: ['sh'] });
    try {
      const event = z.object({ Action: z.string(), id: z.string() }).parse(JSON.parse(await nextEvent));
      expect(event).toEqual({ Action: 'create', id: seen.id });
    } finally {
      stream.destroy();
      await seen.remove();
    }
  });

  function idleConnectionClosed() {
    return new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write('GET /_ping HTTP/1.1\r\nHost: engine\r\n\r\n'),
      );
      socket
        .resume()
        .once('error', reject)
        .once('close', () => {
          resolve();
        });
    });
  }

  it('stops at once although an event stream is open', async () => {
    const stream = await ask('GET', '/events');
    const ended = new Promise<string>((resolve) => {
      stream
        .on('error', () => undefined)
        .once('close', () => {
          resolve('closed');
        });
    });
    stream.resume();
    await container.stop({ t: 30 });
    expect(await ended).toBe('closed');
    // 137 would be the kill after the thirty seconds.
    expect((await container.inspect()).State.ExitCode).not.toBe(137);
  });
});
