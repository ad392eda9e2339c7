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

const only = (address: string, microUsd: bigint) => new Map([[address.toLowerCase(), microUsd]]);

describe('a payout is paid exactly once', () => {
  it('when its books are restored from a backup that does not know the payment', async () => {
    await world.process().settler.tick();
    const { address } = await world.owe(10n * usd);
    await world.process().payouts.runNow();
    const other = await world.owe(7n * usd);
    const restore = await world.backUp();
    await world.untilFinal(world.process());
    await world.owe(3n * usd);
    await world.untilFinal(world.process());
    const before = await world.transfers();
    expect(before.size).toBe(3);

    const books = await restore();
    const restored = world.process({}, books);
    await restored.settler.tick();
    // The third payment is in no row of the restored books.
    expect(restored.settler.state().waitsFor).toMatch(/an authorization that these books do not know/);
    const report = await restored.reconciliation.run();
    expect(report.ok).toBe(false);
    expect(report.differences.map(({ chainMicroUsd }) => chainMicroUsd)).toContain(3n * usd);
    for (let turn = 0; turn < 5; turn += 1) {
      await restored.settler.tick();
      await world.mine(2);
    }
    expect(await world.transfers()).toEqual(before);
    expect([...before.keys()]).toEqual(
      expect.arrayContaining([address.toLowerCase(), other.address.toLowerCase()]),
    );
  });

  it('when its books are restored and count up to the same payout again', async () => {
    await world.process().settler.tick();
    const { address } = await world.owe(10n * usd);
    const restore = await world.backUp();
    await world.untilFinal(world.process());

    const books = await restore();
    const restored = world.process({}, books);
    await restored.settler.tick();
    expect((await restored.payouts.list()).items).toMatchObject([{ status: 'paid', payoutAddress: address }]);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    expect(await restored.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('when its books are restored and would pay another amount under the same identity', async () => {
    await world.process().settler.tick();
    const { id, address } = await world.owe(10n * usd);
    const restore = await world.backUp();
    await world.untilFinal(world.process());

    const books = await restore();
    await world.ledger.post(books.dataSource.manager, {
      kind: 'accrual',
      idempotencyKey: 'test/more',
      effectiveAt: new Date(),
      transfers: [{ debit: account.rewards(id), credit: account.payable(id), amountMicroUsd: 5n * usd }],
    });
    const restored = world.process({}, books);
    for (let turn = 0; turn < 3; turn += 1) {
      await restored.settler.tick();
      await world.mine(2);
    }
    // The payment is taken over as it was; what is owed beyond it is the next payout.
    expect(await world.transfers()).toEqual(only(address, 15n * usd));
    const { items } = await restored.payouts.list();
    expect(items.map(({ amountMicroUsd, status }) => [amountMicroUsd, status])).toEqual([
      [5n * usd, 'paid'],
      [10n * usd, 'paid'],
    ]);
    expect(await restored.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('when its books are restored from before they ever saw the chain', async () => {
    const { address } = await world.owe(10n * usd);
    const restore = await world.backUp();
    await world.untilFinal(world.process());

    const restored = world.process({}, await restore());
    for (let turn = 0; turn < 3; turn += 1) {
      await restored.settler.tick();
      await world.mine(2);
    }
    expect(restored.settler.state().waitsFor).toMatch(/was used on the chain before block \d+/);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
  });
});
