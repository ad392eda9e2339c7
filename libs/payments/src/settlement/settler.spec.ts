import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { account } from '../ledger/account.js';

let world: TestSettlement;

beforeEach(async () => {
  world = await openTestSettlement();
});
afterEach(async () => {
  await world.close();
});

describe('settlement in USDC', () => {
  it('carries a payable balance to a final block, and the ledger with it', async () => {
    const { id, address } = await world.owe(10_000_000n);
    const process = world.process();
    await process.settler.tick();
    await process.settler.tick();
    const [soft] = (await process.payouts.list()).items;
    expect(soft).toMatchObject({
      orchestratorId: id,
      status: 'mined',
      amountMicroUsd: 10_000_000n,
      paidAt: null,
    });
    expect(await world.ledger.balance(world.books.database.dataSource, account.inSettlement(id))).toBe(
      10_000_000n,
    );

    await world.mine(2);
    await process.settler.tick();
    const [paid] = (await process.payouts.list()).items;
    expect(paid).toMatchObject({ status: 'paid', payoutAddress: address });
    expect(paid?.txHash).toMatch(/^0x[0-9a-f]{64}$/);
    expect(await world.transfers()).toEqual(new Map([[address.toLowerCase(), 10_000_000n]]));
    const { dataSource } = world.books.database;
    expect(await world.ledger.balance(dataSource, account.inSettlement(id))).toBe(0n);
    expect(await world.ledger.balance(dataSource, account.treasury(31_337, world.token.tokenAddress))).toBe(
      -10_000_000n,
    );
    expect(await world.ledger.balance(dataSource, account.gasSpent(31_337))).toBeGreaterThan(0n);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
  });
});
