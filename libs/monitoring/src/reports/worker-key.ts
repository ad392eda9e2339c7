import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, type Hex } from '#platform';

import { parsePrivateKey } from './report-signer.js';
import { toHex } from './typed-data.js';

export class WorkerKeyError extends Error {
  constructor(source: string, cause: unknown) {
    super(`${source}: ${String(cause)}`, { cause });
    this.name = 'WorkerKeyError';
  }
}

export interface WorkerKeyOptions {
  /** WORKER_PRIVATE_KEY; wins over the file. */
  privateKey?: string | undefined;
  /** WORKER_PRIVATE_KEY_FILE */
  privateKeyFile?: string | undefined;
  /** Where a key is made and kept when none is given. */
  dataDir: string;
}

/**
 * The file appears with its whole content or not at all, and never replaces one that another process has just made:
 * the key is the worker's identity.
 */
async function createKeyFile(file: string): Promise<void> {
  const partial = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = await open(partial, 'wx', 0o600);
  try {
    await handle.writeFile(`${newPrivateKey()}\n`);
    await handle.sync();
    await handle.close();
    await link(partial, file);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    await handle.close().catch(() => undefined);
    await unlink(partial);
  }
}

function newPrivateKey(): Hex {
  for (;;) {
    const candidate = toHex(randomBytes(32));
    try {
      parsePrivateKey(candidate);
      return candidate;
    } catch {
      // Zero or beyond the group's order, which happens once in 2^128 draws.
    }
  }
}

async function readOrCreateKeyFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  await createKeyFile(file);
  return readFile(file, 'utf8');
}

/** A file that was copied or restored may have become readable by others. */
async function keepPrivate(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) await chmod(file, 0o600);
}

async function load({ privateKey, privateKeyFile, dataDir }: WorkerKeyOptions): Promise<string> {
  if (privateKey !== undefined) return privateKey;
  if (privateKeyFile !== undefined) return readFile(privateKeyFile, 'utf8');
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'worker.key');
  const key = await readOrCreateKeyFile(file);
  await keepPrivate(file);
  return key;
}

function sourceOf({ privateKey, privateKeyFile, dataDir }: WorkerKeyOptions): string {
  if (privateKey !== undefined) return 'WORKER_PRIVATE_KEY';
  if (privateKeyFile !== undefined) return `WORKER_PRIVATE_KEY_FILE ${privateKeyFile}`;
  return `The worker's key in ${join(dataDir, 'worker.key')} (WORKER_DATA_DIR)`;
}

/**
 * The Ethereum key that signs this worker's reports: the one given, or one made once and kept in the data directory
 * (`worker.key`, mode 0600).
 * @throws WorkerKeyError naming the variable or file, never the key
 */
export async function loadOrCreateWorkerKey(options: WorkerKeyOptions): Promise<Hex> {
  try {
    return toHex(parsePrivateKey(await load(options)));
  } catch (error) {
    throw new WorkerKeyError(sourceOf(options), error);
  }
}
