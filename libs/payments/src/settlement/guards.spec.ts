import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Wallet } from 'ethers';
import { z } from 'zod';

import { developmentKeys } from '../../testing/development-keys.js';
import { startRpcProxy } from '../../testing/rpc-proxy.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';

Logger.overrideLogger(false);

let world: TestSettlement;
const usd = 1_000_000n;
const gasPayer = new Wallet(developmentKeys.gasPayer).address;

beforeEach(async () => {
  world = await openTestSettlement();
});
afterEach(async () => {
  await world.close();
});

const only = (address: string, microUsd: bigint) => new Map([[address.toLowerCase(), microUsd]]);

describe('the guards of settlement', () => {
  const refusal = async (change: Parameters<TestSettlement['process']>[0]) => {
    await world.owe(10n * usd);
    const process = world.process(change);
    await process.settler.tick();
    expect((await process.payouts.list()).items).toEqual([]);
    expect(() => process.settler.status()).toThrow(/^settlement is refused: /);
    await expect(process.payouts.runNow()).rejects.toThrow('Settlement cannot start');
    return process.settler.state().detail;
  };

  it('refuse a node of another chain', async () => {
    expect(await refusal({ chain: { chainId: 42_161n } })).toMatch(
      /is a node of chain 31337, not of chain 42161/,
    );
  });

  it('refuse an address without code', async () => {
    expect(await refusal({ chain: { tokenAddress: gasPayer } })).toMatch(/is the payer itself/);
    const nowhere = Wallet.createRandom().address;
    expect(await refusal({ chain: { tokenAddress: nowhere } })).toMatch(
      /There is no contract at TOKEN_ADDRESS/,
    );
  });

  it('refuse a contract that is not a USDC', async () => {
    const tokenAddress = world.token.multicall3Address;
    expect(await refusal({ chain: { tokenAddress } })).toMatch(/does not answer decimals\(\)/);
  });

  it.each([
    ['0x313ce567', `0x${'12'.padStart(64, '0')}`, /has 18 decimals; USDC has six/],
    ['0x3644e515', `0x${'ab'.repeat(32)}`, /signs for another domain/],
  ])('refuse a token that answers %s with something else', async (selector, result, reason) => {
    world.proxy.decide(({ method, params: [call] }) => {
      const isAsked =
        method === 'eth_call' && z.object({ data: z.string() }).parse(call).data.startsWith(selector);
      return isAsked ? { result } : 'forward';
    });
    expect(await refusal({})).toMatch(reason);
  });

  it('refuse a key that everybody knows on a chain that is not a local one', async () => {
    world.proxy.decide(({ method }) => (method === 'eth_chainId' ? { result: '0xa4b1' } : 'forward'));
    expect(await refusal({ chain: { chainId: 42_161n } })).toMatch(
      /is a development key that everybody knows/,
    );
  });

  it('refuse a chain without the tag that finality was asked by', async () => {
    world.proxy.decide(({ method, params: [tag] }) =>
      method === 'eth_getBlockByNumber' && tag === 'finalized'
        ? { error: { code: -32_602, message: 'unknown block tag' } }
        : 'forward',
    );
    expect(await refusal({ chain: { finality: 'finalized' } })).toMatch(/set FINALITY to a number of blocks/);
  });

  it('wait for a node that is away, and go on when it answers', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    world.proxy.decide(() => ({ httpStatus: 503 }));
    await process.settler.tick();
    expect(() => process.settler.status()).toThrow(/^settlement is unreachable: .*HTTP 503/);
    world.proxy.decide(() => 'forward');
    const fresh = world.process();
    await world.untilFinal(fresh);
    expect(fresh.settler.status()).toMatchObject({ state: 'ready' });
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
  });

  const gone = 'http://127.0.0.1:9';

  it('pass by a broken node when two others agree', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process({ chain: { rpcUrls: [gone, world.proxy.url, world.anvil.rpcUrl] } });
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    expect(process.settler.nodes().map(({ state }) => state)).toEqual(['distrusted', 'healthy', 'healthy']);
  });

  it('take nothing for final on the word of one of two nodes, until the other says the same', async () => {
    await world.owe(10n * usd);
    const other = await startRpcProxy(world.anvil.rpcUrl);
    const process = world.process({ chain: { rpcUrls: [world.proxy.url, other.url] } });
    await process.settler.tick();
    await world.mine(3);
    other.decide(({ method }) => (method === 'eth_getTransactionReceipt' ? { result: null } : 'forward'));
    for (let turn = 0; turn < 3; turn += 1) await process.settler.tick();
    expect((await process.payouts.list()).items).toMatchObject([{ status: 'mined' }]);
    const { items } = await process.settlements.list();
    expect(items[0]?.trouble).toMatch(/^final at one node only: the nodes do not agree/);
    other.decide(() => 'forward');
    await process.settler.tick();
    expect((await process.payouts.list()).items).toMatchObject([{ status: 'paid' }]);
    await other.stop();
  });
});
