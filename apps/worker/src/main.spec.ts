import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { startWorker } from './testing/running-worker.js';

const program = fileURLToPath(new URL('../../../dist/worker/main.js', import.meta.url));

/** Runs the built worker until it ends by itself. */
async function runToEnd(environment: Record<string, string>) {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [code, out, err] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { code, out, err };
}

describe('the worker as a program', () => {
  it('lists every fault of its environment and ends with code 1', async () => {
    const { code, err } = await runToEnd({
      WORKER_PORT: 'x',
      MIN_SERVICE_UPTIME: '200',
      ORCH_URL: 'https://o:1',
    });
    expect(code).toBe(1);
    expect(err).toContain('WORKER_PORT');
    expect(err).toContain('MIN_SERVICE_UPTIME');
    expect(err).toContain('ORCH_SECRET');
    expect(err).not.toContain('    at ');
  });

  it('says which port is in use and which variable changes it', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'worker-main-'));
    const holder = createServer();
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, '0.0.0.0', () => {
        const address = holder.address();
        resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
      });
    });
    try {
      const { code, err } = await runToEnd({
        WORKER_PORT: String(port),
        WORKER_DATA_DIR: dataDir,
        DOCKER_HOST: `unix://${join(dataDir, 'absent.sock')}`,
      });
      expect(code).toBe(1);
      expect(err).toContain(`Port ${port} is in use`);
      expect(err).toContain('WORKER_PORT');
      expect(err).not.toContain('    at ');
    } finally {
      holder.close();
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('names the file when its key cannot be read, and the directory when that cannot be used', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'worker-main-'));
    try {
      const absent = join(dataDir, 'absent.key');
      const keyless = await runToEnd({ WORKER_DATA_DIR: dataDir, WORKER_PRIVATE_KEY_FILE: absent });
      expect(keyless).toMatchObject({ code: 1, err: expect.stringContaining(absent) });
      const unusable = await runToEnd({ WORKER_DATA_DIR: '/dev/null/worker' });
      expect(unusable).toMatchObject({ code: 1, err: expect.stringContaining('/dev/null/worker') });
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('does not start with a monitoring file that is wrong, and says where', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'worker-main-'));
    const file = join(dataDir, 'monitoring.yaml');
    await writeFile(
      file,
      'services:\n  redis_scb:\n    probe: { type: redis, prot: 1, password: hunter2 }\n',
    );
    try {
      const { code, out, err } = await runToEnd({ WORKER_DATA_DIR: dataDir });
      expect(code).toBe(1);
      expect(err).toContain(`${file}:3:27 services.redis_scb.probe.prot is not known here`);
      expect(err).toContain(`${file}:3:36 services.redis_scb.probe.password must be`);
      expect(out + err).not.toMatch(/hunter2|\n {4}at /);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('names the directory that another worker uses', async () => {
    const other = await startWorker({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    try {
      const { code, err } = await runToEnd({ WORKER_PORT: '0', WORKER_DATA_DIR: other.dataDir });
      expect(code).toBe(1);
      expect(err).toContain(`${other.dataDir} is in use by another worker`);
      expect(err).toContain('WORKER_DATA_DIR');
      expect(err).not.toContain('    at ');
    } finally {
      await other.stop();
    }
  });
});
