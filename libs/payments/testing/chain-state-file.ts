import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';

import type { RpcEndpoint } from '../src/chain/rpc-endpoint.js';

const unzip = promisify(gunzip);
const quantity = z
  .string()
  .regex(/^0x[0-9a-f]+$/)
  .transform(Number);
const hexBytes = z.string().regex(/^0x([0-9a-f]{2})*$/);
const blockSchema = z.object({ transactions: z.array(z.string()) });

/**
 * Keeps the chain on disk: after each block that holds a tx, and at the end. Empty blocks are not worth a write, they
 * come again by themselves. anvil's own `--state-interval` truncates the file before it writes, so that a crash in
 * between leaves a chain that cannot be loaded (seen with strace, anvil 1.7.1); here the old file stands until the
 * new one is whole.
 */
export class ChainStateFile {
  private seenBlock = -1;

  constructor(
    private readonly rpc: RpcEndpoint,
    private readonly path: string,
  ) {}

  /** Writes when a block with a tx has appeared since the last look. */
  async saveIfChanged(): Promise<void> {
    const head = await this.rpc.call('eth_blockNumber', [], quantity);
    // A reorg may have put other blocks at heights that were looked at.
    const from = head < this.seenBlock ? head : this.seenBlock + 1;
    for (let number = from; number <= head; number += 1) {
      const block = await this.rpc.call(
        'eth_getBlockByNumber',
        [`0x${number.toString(16)}`, false],
        blockSchema,
      );
      if (block.transactions.length === 0) continue;
      await this.save();
      break;
    }
    this.seenBlock = head;
  }

  async save(): Promise<void> {
    const zipped = await this.rpc.call('anvil_dumpState', [], hexBytes);
    const state = await unzip(Buffer.from(zipped.slice(2), 'hex'));
    const partial = `${this.path}.${randomBytes(4).toString('hex')}.partial`;
    await mkdir(dirname(this.path), { recursive: true });
    try {
      const file = await open(partial, 'w', 0o600);
      try {
        await file.writeFile(state);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, this.path);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }
}
