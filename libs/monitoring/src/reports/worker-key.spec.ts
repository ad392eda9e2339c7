import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadOrCreateWorkerKey, WorkerKeyError } from './worker-key.js';

const key = `0x${'11'.repeat(32)}`;
const otherKey = `0x${'22'.repeat(32)}`;
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'worker-key-'));
});

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

const permissions = async (file: string) => (await stat(file)).mode & 0o777;

describe("the worker's key", () => {
  it('is made once, kept for its owner only, and found again', async () => {
    const folder = join(dataDir, 'not', 'yet');
    const made = await loadOrCreateWorkerKey({ dataDir: folder });

    expect(made).toMatch(/^0x[0-9a-f]{64}$/);
    expect(await loadOrCreateWorkerKey({ dataDir: folder })).toBe(made);
    expect(await permissions(join(folder, 'worker.key'))).toBe(0o600);
    expect(await readdir(folder)).toEqual(['worker.key']);
  });

  it('is one and the same for processes that start at once', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateWorkerKey({ dataDir })));
    expect(new Set(keys).size).toBe(1);
    expect(await readdir(dataDir)).toEqual(['worker.key']);
  });

  it('is closed again to others when its file was left open', async () => {
    const made = await loadOrCreateWorkerKey({ dataDir });
    await chmod(join(dataDir, 'worker.key'), 0o644);
    expect(await loadOrCreateWorkerKey({ dataDir })).toBe(made);
    expect(await permissions(join(dataDir, 'worker.key'))).toBe(0o600);
  });

  it('is the one given, as a value or in a file, and then nothing is written', async () => {
    const privateKeyFile = join(dataDir, 'secret');
    await writeFile(privateKeyFile, `${otherKey.slice(2)}\n`);
    const folder = join(dataDir, 'data');

    expect(await loadOrCreateWorkerKey({ privateKey: key, privateKeyFile, dataDir: folder })).toBe(key);
    expect(await loadOrCreateWorkerKey({ privateKeyFile, dataDir: folder })).toBe(otherKey);
    expect(await readdir(dataDir)).toEqual(['secret']);
  });

  it('is refused with the name of its source and without its text when it is no key', async () => {
    const badKey = '0xdeadbeef';
    await writeFile(join(dataDir, 'worker.key'), badKey);
    const faults = await Promise.all(
      [
        { privateKey: badKey, dataDir },
        { privateKeyFile: join(dataDir, 'absent'), dataDir },
        { dataDir },
      ].map((options) => loadOrCreateWorkerKey(options).catch((error: unknown) => error)),
    );

    expect(faults.every((fault) => fault instanceof WorkerKeyError)).toBe(true);
    const messages = faults.map(String);
    expect(messages[0]).toContain('WORKER_PRIVATE_KEY:');
    expect(messages[1]).toContain(`WORKER_PRIVATE_KEY_FILE ${join(dataDir, 'absent')}: Error: ENOENT`);
    expect(messages[2]).toContain(join(dataDir, 'worker.key'));
    expect(messages.join()).not.toContain('deadbeef');
  });
});
