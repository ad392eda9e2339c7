import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Wallet } from 'ethers';
import { z } from 'zod';

import { developmentKeys } from '../../testing/development-keys.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { account } from '../ledger/account.js';

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
const isSend = ({ method }: { method: string }) => method === 'eth_sendRawTransaction';
const setGas = (wei: bigint) =>
  world.rpc.call('anvil_setBalance', [gasPayer, `0x${wei.toString(16)}`], z.unknown());

describe('settlement in trouble', () => {
  it('isolates a recipient that the token refuses when the tx is mined', async () => {
    const bad = await world.owe(10n * usd);
    const good = await world.owe(20n * usd);
    const process = world.process();
    world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
    await process.settler.tick();
    await world.token.blacklist(bad.address);
    world.proxy.decide(() => 'forward');
    for (let turn = 0; turn < 6; turn += 1) {
      await process.settler.tick();
      await world.mine(2);
      await world.later(30_000);
    }
    expect(await world.transfers()).toEqual(only(good.address, 20n * usd));
    const [held] = (await process.payouts.list({ status: 'held' })).items;
    expect(held).toMatchObject({
      orchestratorId: bad.id,
      holdReason: `the token has blacklisted ${bad.address}`,
    });
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });

    await world.token.unBlacklist(bad.address);
    await process.payouts.release(held?.id ?? '', 'admin');
    await world.untilFinal(process);
    expect((await world.transfers()).get(bad.address.toLowerCase())).toBe(10n * usd);
  });

  it('gives a payout that was signed back only after its authorization has expired unused', async () => {
    const { id, address } = await world.owe(10n * usd);
    const process = world.process({ authorizationSeconds: 600 });
    world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
    await process.settler.tick();
    const [payout] = (await process.payouts.list()).items;
    await expect(process.payouts.cancel(payout?.id ?? '', 'admin')).rejects.toThrow('may be on its way');
    await world.token.blacklist(address);
    world.proxy.decide(() => 'forward');
    for (let turn = 0; turn < 4; turn += 1) {
      await process.settler.tick();
      await world.mine(2);
      await world.later(30_000);
    }
    const cancelled = await process.payouts.cancel(payout?.id ?? '', 'admin');
    expect(cancelled.status).toBe('held');
    await process.settler.tick();
    const balance = (code: string) => world.ledger.balance(world.books.database.dataSource, code);
    expect(await balance(account.inSettlement(id))).toBe(10n * usd);

    await world.rpc.call('evm_increaseTime', [601], z.unknown());
    await world.mine(3);
    await world.process({ minPayoutMicroUsd: 1_000n * usd }).settler.tick();
    expect((await process.payouts.get(payout?.id ?? '')).status).toBe('returned');
    expect(await balance(account.payable(id))).toBe(10n * usd);
    expect(await world.transfers()).toEqual(new Map());
  });

  it('signs an authorization that expired before it was mined again, to the same end', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process({ authorizationSeconds: 600 });
    world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
    await process.settler.tick();
    const [before] = (await process.payouts.list()).items;
    await world.rpc.call('evm_increaseTime', [601], z.unknown());
    world.proxy.decide(() => 'forward');
    await world.later(30_000);
    await world.untilFinal(process);
    const after = await process.payouts.get(before?.id ?? '');
    expect(after.settlements.map(({ outcome }) => outcome)).toEqual(['unused', 'paid']);
    expect(after.authorizationNonce).toBe(before?.authorizationNonce);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
  });

  it('waits while the token is paused, and says so', async () => {
    await world.token.pause();
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    await process.settler.tick();
    expect(process.settler.status()).toMatchObject({ state: 'ready', waitsFor: 'the token is paused' });
    expect(world.proxy.questions.some(isSend)).toBe(false);
    await world.token.unpause();
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
  });

  it('waits for dollars: what the treasury cannot pay is not signed', async () => {
    const { address } = await world.owe(2_000_000n * usd);
    const process = world.process({
      maxPayoutMicroUsd: 5_000_000n * usd,
      maxDailyPayoutMicroUsd: 5_000_000n * usd,
    });
    await process.settler.tick();
    expect(process.settler.state().waitsFor).toBe(
      'the treasury holds $1000000.000000 and the next payout is $2000000.000000',
    );
    await world.token.mint(world.payer, 1_000_000n * usd);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 2_000_000n * usd));
  });

  it('waits for gas, before signing and after', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    await setGas(0n);
    await process.settler.tick();
    expect(process.settler.state().waitsFor).toMatch(/^the gas payer holds 0 wei/);
    await setGas(10n ** 18n);
    world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
    await process.settler.tick();
    await setGas(0n);
    world.proxy.decide(() => 'forward');
    await world.later(10_000);
    await process.settler.tick();
    const [payout] = (await process.payouts.list()).items;
    const { attempts } = await process.payouts.get(payout?.id ?? '');
    expect(attempts).toMatchObject([
      { sendState: 'maybe_sent', lastError: expect.stringMatching(/insufficient funds/i) },
    ]);
    await setGas(10n ** 18n);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
  });

  it('is stopped by txs of its gas payer that it did not send, until a person has looked', async () => {
    const first = await world.owe(10n * usd);
    const process = world.process();
    await world.untilFinal(process);
    await world.send(developmentKeys.gasPayer, { to: world.payer, value: 1n });
    const second = await world.owe(20n * usd);
    await process.settler.tick();
    expect(process.settler.state().waitsFor).toMatch(
      /has sent txs that are not ours: its next nonce is 2, ours is 1/,
    );
    expect(await world.transfers()).toEqual(only(first.address, 10n * usd));
    await process.payouts.resume('admin');
    await world.untilFinal(process);
    expect((await world.transfers()).get(second.address.toLowerCase())).toBe(20n * usd);
  });

  it('does not take a node that is behind for a reorganisation', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    await process.settler.tick();
    await world.calm();
    await process.settler.tick();
    const [mined] = (await process.payouts.list()).items;
    expect(mined?.status).toBe('mined');
    const old = await world.rpc.call('eth_getBlockByNumber', ['0x1', false], z.unknown());
    world.proxy.decide(({ method, params }) => {
      if (method === 'eth_getTransactionReceipt') return { result: null };
      if (method === 'eth_getBlockByNumber' && params[0] === 'latest') return { result: old };
      if (method === 'eth_getTransactionCount') return { result: '0x0' };
      return 'forward';
    });
    await process.settler.tick();
    expect((await process.payouts.get(mined?.id ?? '')).status).toBe('mined');
    world.proxy.decide(() => 'forward');
    await world.untilFinal(process);
  });

  it('does not believe a receipt whose block is not in the chain', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
    await process.settler.tick();
    const block = await world.rpc.call(
      'eth_getBlockByNumber',
      ['latest', false],
      z.object({ number: z.string() }),
    );
    world.proxy.decide(({ method, params }) => {
      if (method !== 'eth_getTransactionReceipt') return isSend({ method }) ? 'cut-before' : 'forward';
      return {
        result: {
          ...{ transactionHash: params[0], blockNumber: block.number, blockHash: `0x${'77'.repeat(32)}` },
          ...{ from: gasPayer, status: '0x1', gasUsed: '0x1', effectiveGasPrice: '0x1', logs: [] },
        },
      };
    });
    await world.mine(3);
    await process.settler.tick();
    const [payout] = (await process.payouts.list()).items;
    expect(payout?.status).toBe('reserved');
    world.proxy.decide(() => 'forward');
    await world.untilFinal(process);
  });
});
