import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { z } from 'zod';

import { delay } from '#platform';

import { RpcEndpoint } from '../src/chain/rpc-endpoint.js';
import { deployLocalToken } from './deploy-local-token.js';
import { developmentKeys } from './development-keys.js';
import { type Anvil, type AnvilOptions, startAnvil } from './start-anvil.js';

const closers: (() => Promise<unknown>)[] = [];
const start = async (options: AnvilOptions): Promise<Anvil> => {
  const anvil = await startAnvil(options);
  closers.push(() => anvil.stop());
  return anvil;
};

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function statePath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anvil-'));
  closers.push(() => rm(folder, { recursive: true }));
  return join(folder, 'chain.json');
}

const payer = new Wallet(developmentKeys.payer).address;
const logsOf = (rpcUrl: string, address: string) =>
  new RpcEndpoint(rpcUrl).call(
    'eth_getLogs',
    [{ address, fromBlock: '0x0', toBlock: 'latest' }],
    z.array(z.object({ blockHash: z.string(), transactionHash: z.string() })),
  );

describe('the local chain', () => {
  it('keeps its blocks, logs, and balances over a restart, and is not dealt out twice', async () => {
    const path = await statePath();
    const first = await start({ statePath: path });
    const token = await deployLocalToken({ rpcUrl: first.rpcUrl });
    await token.mint(payer, 5n);
    const logs = await logsOf(first.rpcUrl, token.tokenAddress);
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);

    const second = await start({ statePath: path });
    const again = await deployLocalToken({ rpcUrl: second.rpcUrl });
    expect(again.tokenAddress).toBe(token.tokenAddress);
    expect(await again.balanceMicroUsd(payer)).toBe(1_000_000_000_005n);
    expect(logs).toHaveLength(2);
    expect(await logsOf(second.rpcUrl, token.tokenAddress)).toEqual(logs);
  });

  it('is whole and alone after a run that was killed', async () => {
    const path = await statePath();
    const killed = await start({ statePath: path });
    const token = await deployLocalToken({ rpcUrl: killed.rpcUrl });
    const logs = await logsOf(killed.rpcUrl, token.tokenAddress);
    const isSaved = async () =>
      (await readFile(path, 'utf8').catch(() => '')).includes(logs[0]?.transactionHash ?? 'no tx');
    for (const deadline = Date.now() + 10_000; Date.now() < deadline && !(await isSaved());) {
      await delay(20);
    }
    // Whoever started it never stops it: the next run finds it still there.
    const next = await start({ statePath: path });
    await killed.exited;
    expect(isAlive(killed.pid)).toBe(false);
    expect(await logsOf(next.rpcUrl, token.tokenAddress)).toEqual(logs);
  });

  it('says why it did not start', async () => {
    const first = await start({});
    const port = Number(new URL(first.rpcUrl).port);
    await expect(startAnvil({ port })).rejects.toThrow(/in use/i);
  });
});
