import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
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

const balance = (code: string) => world.ledger.balance(world.books.database.dataSource, code);

describe('settlement in USDC', () => {
  it('carries a payable balance to a final block, and the ledger with it', async () => {
    const { id, address } = await world.owe(10n * usd);
    const process = world.process();
    await process.settler.tick();
    const [soft] = (await process.payouts.list()).items;
    expect(soft).toMatchObject({
      orchestratorId: id,
      status: 'sent',
      amountMicroUsd: 10n * usd,
      paidAt: null,
    });
    await world.calm();
    await process.settler.tick();
    expect((await process.payouts.list()).items[0]).toMatchObject({ status: 'mined', paidAt: null });
    expect(await balance(account.inSettlement(id))).toBe(10n * usd);

    await world.mine(2);
    await process.settler.tick();
    const [paid] = (await process.payouts.list()).items;
    expect(paid).toMatchObject({ status: 'paid', payoutAddress: address, paidAt: expect.any(Date) });
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 10n * usd]]));
    expect(await balance(account.inSettlement(id))).toBe(0n);
    expect(await balance(account.gasSpent(31_337))).toBeGreaterThan(0n);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
    // A million came in, ten dollars went out.
    expect(await balance(account.treasury(31_337, world.token.tokenAddress))).toBe(999_990n * usd);
  });

  it('takes the chain’s own word for what is final', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process({ chain: { finality: 'finalized' } });
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 10n * usd]]));
  });

  it('asks little of the node while it only waits', async () => {
    await world.owe(10n * usd);
    const process = world.process({ pollSeconds: 3_600 });
    await process.settler.tick();
    await world.calm();
    await process.settler.tick();
    const before = world.proxy.questions.length;
    for (let turn = 0; turn < 5; turn += 1) await process.settler.tick();
    // Head and final block, each turn.
    expect(world.proxy.questions.length - before).toBe(10);
    await world.mine(2);
    await process.settler.tick();
    expect((await process.payouts.list()).items).toMatchObject([{ status: 'paid' }]);
  });

  it('shows one payout with every attempt, hash, block and change of state', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    await world.untilFinal(process);
    const [listed] = (await process.payouts.list()).items;
    const payout = await process.payouts.get(listed?.id ?? '');
    expect(payout.changes.map(({ status }) => status)).toEqual([
      'reserved',
      'reserved',
      'sent',
      'mined',
      'paid',
    ]);
    expect(payout.attempts).toMatchObject([
      { txHash: payout.txHash, sendState: 'accepted', sendCount: 1, nonce: 0n },
    ]);
    expect(payout.settlements).toMatchObject([
      { status: 'final', outcome: 'paid', minedTxHash: payout.txHash, minedBlockNumber: payout.blockNumber },
    ]);
    await expect(process.payouts.get('nonsense')).rejects.toThrow('There is no payment nonsense');
  });

  it('puts many payees into one tx and the rest into the next', async () => {
    const owed = new Map<string, bigint>();
    for (let payee = 1n; payee <= 7n; payee += 1n) {
      const { address } = await world.owe(payee * usd);
      owed.set(address.toLowerCase(), payee * usd);
    }
    const process = world.process({ batchSize: 4 });
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(owed);
    const { items } = await process.payouts.list();
    expect(new Set(items.map(({ txHash }) => txHash)).size).toBe(2);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('lets a payable below the minimum wait and says why others with enough are not paid', async () => {
    await world.owe(usd - 1n);
    const homeless = await world.owe(2n * usd, { address: null });
    const own = await world.owe(3n * usd, { address: world.payer });
    const token = await world.owe(4n * usd, { address: world.token.tokenAddress });
    const nobody = await world.owe(5n * usd, { address: `0x${'0'.repeat(40)}` });
    const run = await world.process().payouts.runNow();
    expect(run.payouts).toEqual([]);
    const reasons = new Map(run.skipped.map(({ orchestratorId, reason }) => [orchestratorId, reason]));
    expect(reasons).toEqual(
      new Map([
        [homeless.id, 'no payout address is in force'],
        [own.id, 'the payout address is our own treasury'],
        [token.id, 'the payout address is the token itself'],
        [nobody.id, 'the payout address is the zero address'],
      ]),
    );
    expect(await balance(account.payable(own.id))).toBe(3n * usd);
  });

  it('makes payouts again only when the interval has passed, and at once when told to', async () => {
    const process = world.process({ settleIntervalSeconds: 3_600 });
    const { id } = await world.owe(10n * usd);
    await world.untilFinal(process);
    await world.owe(5n * usd, { id });
    await process.settler.tick();
    expect((await process.payouts.list()).items).toHaveLength(1);
    const { payouts } = await process.payouts.runNow();
    expect(payouts).toMatchObject([{ amountMicroUsd: 5n * usd, status: 'reserved' }]);
    await world.owe(4n * usd, { id });
    await world.later(3_600_000);
    await process.settler.tick();
    expect((await process.payouts.list()).items).toHaveLength(3);
  });

  it('holds a payout above the maximum until a person lets it go', async () => {
    const process = world.process({ maxPayoutMicroUsd: 100n * usd });
    const { id, address } = await world.owe(100n * usd + 1n);
    await world.untilFinal(process);
    const [held] = (await process.payouts.list()).items;
    expect(held).toMatchObject({ status: 'held', holdReason: 'above the maximum payout of $100.000000' });
    expect(await balance(account.inSettlement(id))).toBe(100n * usd + 1n);
    expect(await world.transfers()).toEqual(new Map());

    await process.payouts.release(held?.id ?? '', 'admin');
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 100n * usd + 1n]]));
    await expect(process.payouts.release(held?.id ?? '', 'admin')).rejects.toThrow(
      'The payment is paid, not held',
    );
  });

  it('gives a held payout back, and the next one has another identity', async () => {
    const process = world.process({ maxPayoutMicroUsd: 100n * usd });
    const { id } = await world.owe(200n * usd);
    await process.settler.tick();
    const [held] = (await process.payouts.list()).items;
    const returned = await process.payouts.cancel(held?.id ?? '', 'admin');
    expect(returned.status).toBe('returned');
    expect(await balance(account.payable(id))).toBe(200n * usd);
    expect(await balance(account.inSettlement(id))).toBe(0n);
    await process.settler.tick();
    const [next] = (await process.payouts.list({ status: 'held' })).items;
    expect(next?.id).not.toBe(held?.id);
    expect(next?.authorizationNonce).not.toBe(held?.authorizationNonce);
  });

  it('signs no more than the daily maximum in any 24 hours', async () => {
    const process = world.process({ maxPayoutMicroUsd: 60n * usd, maxDailyPayoutMicroUsd: 100n * usd });
    const owed = [await world.owe(60n * usd), await world.owe(30n * usd), await world.owe(20n * usd)];
    for (let turn = 0; turn < 4; turn += 1) {
      await process.settler.tick();
      await world.mine(2);
    }
    const sum = [...(await world.transfers()).values()].reduce((total, amount) => total + amount, 0n);
    expect(sum).toBeLessThanOrEqual(100n * usd);
    expect(process.settler.state().waitsFor).toBe('the daily maximum of $100.000000 is used up');

    await world.later(24 * 3_600_000 + 1_000);
    await world.untilFinal(process);
    expect((await world.transfers()).size).toBe(owed.length);
  });

  it('signs nothing while paused, and goes on when resumed', async () => {
    const process = world.process();
    await process.payouts.pause('a strange balance', 'admin');
    const { address } = await world.owe(10n * usd);
    await process.settler.tick();
    expect((await process.payouts.list()).items).toEqual([]);
    await expect(process.payouts.runNow()).rejects.toThrow(
      'Settlement is paused by admin: a strange balance',
    );
    expect(await process.payouts.isPaused()).toBe(true);

    await process.payouts.resume('admin');
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 10n * usd]]));
  });
});

describe('settlement without a chain', () => {
  it('reserves, and a person marks paid what was paid elsewhere', async () => {
    const process = world.process({ method: 'ledger' });
    const { id } = await world.owe(10n * usd, { address: null });
    await process.settler.tick();
    const [reserved] = (await process.payouts.list()).items;
    expect(reserved).toMatchObject({ method: 'ledger', status: 'reserved', payoutAddress: null });
    await process.payouts.markPaid(reserved?.id ?? '', 'bank transfer 42', 'admin');
    expect(await process.payouts.get(reserved?.id ?? '')).toMatchObject({
      status: 'paid',
      outsideReference: 'bank transfer 42',
    });
    expect(await balance(account.outsideTreasury())).toBe(-10n * usd);
    expect(await balance(account.inSettlement(id))).toBe(0n);
    await expect(process.payouts.markPaid(reserved?.id ?? '', 'again', 'admin')).rejects.toThrow(
      'not reserved',
    );
    expect(process.settler.status()).toMatchObject({ method: 'ledger', state: 'off' });
    expect(await process.reconciliation.run()).toEqual({
      ...{ ok: true, checkedAtBlock: null, accounts: [], differences: [] },
    });
  });

  it('refuses options that contradict each other, before anything starts', () => {
    expect(() => world.process({ chain: { tokenDecimals: 18 } })).toThrow('USDC has six decimals');
    expect(() => world.process({ method: 'erc20', maxPayoutMicroUsd: undefined })).toThrow(
      'SETTLEMENT_METHOD=erc20 needs MAX_PAYOUT_USD and MAX_DAILY_PAYOUT_USD',
    );
  });
});
