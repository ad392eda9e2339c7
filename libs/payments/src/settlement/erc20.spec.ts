import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Wallet } from 'ethers';
import { z } from 'zod';

import { developmentKeys } from '../../testing/development-keys.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { encodeTokenCall } from '../chain/usdc.js';
import { account } from '../ledger/account.js';

Logger.overrideLogger(false);

let world: TestSettlement;
const usd = 1_000_000n;

beforeEach(async () => {
  world = await openTestSettlement();
});
afterEach(async () => {
  await world.close();
});

/** The treasury sends its own txs. */
const erc20 = (change: Parameters<TestSettlement['process']>[0] = {}) =>
  world.process({ method: 'erc20', ...change, chain: { gasPayerPrivateKey: undefined, ...change.chain } });

const isSend = ({ method }: { method: string }) => method === 'eth_sendRawTransaction';
const balance = (code: string) => world.ledger.balance(world.books.database.dataSource, code);
const pay = (to: string, units: bigint) =>
  world.send(developmentKeys.payer, {
    to: world.token.tokenAddress,
    data: encodeTokenCall('transfer', [to, units]),
  });

describe('settlement by plain transfers', () => {
  it('carries each payout in a tx of its own to a final block', async () => {
    const owed = new Map<string, bigint>();
    for (let payee = 1n; payee <= 3n; payee += 1n) {
      const { address } = await world.owe(payee * usd);
      owed.set(address.toLowerCase(), payee * usd);
    }
    const process = erc20();
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(owed);
    const { items } = await process.payouts.list();
    expect(new Set(items.map(({ txHash }) => txHash)).size).toBe(3);
    expect(items.map(({ method, authorizationNonce }) => [method, authorizationNonce])).toEqual(
      Array.from({ length: 3 }, () => ['erc20', null]),
    );
    expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
    expect(await balance(account.treasury(31_337, world.token.tokenAddress))).toBe(999_994n * usd);
  });

  it('refuses a token whose decimals are not those that were configured', async () => {
    await world.owe(10n * usd);
    const process = erc20({ chain: { tokenDecimals: 18 } });
    await process.settler.tick();
    expect(process.settler.state().detail).toMatch(/has 6 decimals; TOKEN_DECIMALS says 18/);
    expect((await process.payouts.list()).items).toEqual([]);
  });

  it('refuses a gas payer beside the treasury', async () => {
    const process = world.process({ method: 'erc20' });
    await process.settler.tick();
    expect(process.settler.state().detail).toMatch(/GAS_PAYER_PRIVATE_KEY must be absent/);
  });

  it('case 30: pays what the token can move, and the remainder stays payable', async () => {
    world.proxy.decide(({ method, params: [call] }) => {
      const data = method === 'eth_call' ? z.object({ data: z.string() }).parse(call).data : '';
      return data.startsWith('0x313ce567') ? { result: `0x${'2'.padStart(64, '0')}` } : 'forward';
    });
    const { id, address } = await world.owe(10n * usd + 123_456n);
    const process = erc20({ chain: { tokenDecimals: 2 } });
    for (let turn = 0; turn < 3; turn += 1) {
      await process.settler.tick();
      await world.mine(2);
    }
    // 10.12 dollars are 1012 units of a token with two decimals.
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 1_012n]]));
    expect((await process.payouts.list()).items).toMatchObject([
      { amountMicroUsd: 10_120_000n, status: 'paid' },
    ]);
    expect(await balance(account.payable(id))).toBe(3_456n);
  });

  it('holds a payout whose recipient the token refuses, and pays the others', async () => {
    const bad = await world.owe(10n * usd);
    const good = await world.owe(20n * usd);
    await world.token.blacklist(bad.address);
    const process = erc20();
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(new Map([[good.address.toLowerCase(), 20n * usd]]));
    const [held] = (await process.payouts.list({ status: 'held' })).items;
    expect(held?.holdReason).toMatch(/^the token refuses the transfer: .*blacklisted/);
  });

  it('books the gas of a tx that reverts, and pays with another nonce only when that is final', async () => {
    const { address } = await world.owe(10n * usd);
    const process = erc20();
    world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
    await process.settler.tick();
    await world.token.pause();
    world.proxy.decide(() => 'forward');
    await world.later(10_000);
    for (let turn = 0; turn < 3; turn += 1) {
      await process.settler.tick();
      await world.mine(2);
    }
    expect(await balance(account.gasSpent(31_337))).toBeGreaterThan(0n);
    await world.token.unpause();
    await world.later(60_000);
    await world.untilFinal(process);
    const [payout] = (await process.payouts.list()).items;
    const { settlements } = await process.payouts.get(payout?.id ?? '');
    expect(settlements.map(({ outcome }) => outcome)).toEqual(['unused', 'paid']);
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 10n * usd]]));
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('is stopped by a transfer that the books do not know, until a person has said whose it was', async () => {
    const first = await world.owe(10n * usd);
    const process = erc20({ checkSeconds: 0 });
    await world.untilFinal(process);
    const outside = Wallet.createRandom().address;
    await pay(outside, 4n * usd);
    await pay(first.address, 3n * usd);
    await world.mine(3);
    await world.owe(20n * usd);
    await process.settler.tick();
    expect(await process.payouts.pauseInForce()).toMatchObject({
      actor: 'settlement',
      reason: expect.stringMatching(
        /^the treasury paid \$4\.000000 .* by a transfer that these books do not know/,
      ),
    });
    await expect(process.payouts.runNow()).rejects.toThrow('Settlement is paused by settlement');
    const [taken, paid] = await process.foreign.list();
    if (!taken || !paid) throw new Error('two transfers are unknown');
    await process.foreign.explain({ ...taken, reason: 'to the bank' }, 'admin');
    await process.foreign.explain({ ...paid, orchestratorId: first.id, reason: 'paid by hand' }, 'admin');
    expect(await process.foreign.list()).toEqual([]);
    expect(await balance(account.payable(first.id))).toBe(-3n * usd);
    await process.payouts.resume('admin');
    await world.untilFinal(process);
    expect([...(await world.transfers()).values()].map(String).sort()).toEqual([
      '13000000',
      '20000000',
      '4000000',
    ]);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
  });

  it('pays nobody twice when its books are restored from before a payment', async () => {
    await world.owe(10n * usd);
    await world.untilFinal(erc20());
    const { address } = await world.owe(7n * usd);
    const restore = await world.backUp();
    await world.untilFinal(erc20());
    const before = await world.transfers();
    const restored = world.process(
      { method: 'erc20', chain: { gasPayerPrivateKey: undefined } },
      await restore(),
    );
    for (let turn = 0; turn < 4; turn += 1) {
      await restored.settler.tick();
      await world.mine(2);
    }
    expect(await world.transfers()).toEqual(before);
    expect(await restored.payouts.pauseInForce()).toMatchObject({
      reason: expect.stringMatching(`to ${address} .* by a transfer that these books do not know`),
    });
    // A person who resumes without having looked changes nothing.
    await restored.payouts.resume('admin');
    await restored.settler.tick();
    expect(await world.transfers()).toEqual(before);
  });
});
