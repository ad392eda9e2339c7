import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
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

const balance = (code: string) => world.ledger.balance(world.books.database.dataSource, code);

describe('runs of the reconciliation', () => {
  it('are kept once an hour, whatever the number of distributors, and whenever a person asks', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    await world.untilFinal(process);
    const other = world.process({}, await world.books.anotherReplica());
    await world.later(0);
    const made = await Promise.all([process.runs.runWhenDue(), other.runs.runWhenDue()]);
    expect(new Set(made.map((run) => run?.id)).size).toBe(1);
    expect(await process.runs.runWhenDue()).toBeUndefined();
    await world.later(1_000);
    const mine = await process.runs.runNow('admin');
    await world.later(3_600_000);
    expect(await other.runs.runWhenDue()).toMatchObject({ ok: true, cause: 'hourly' });
    const { items } = await process.runs.list();
    expect(items.map(({ cause }) => cause)).toEqual(['hourly', 'demand', 'hourly']);
    expect(items[1]).toEqual(mine);
    expect(await process.runs.latest()).toEqual(items[0]);
  });

  it('tell the treasury, the gas payer and each payee, as the ledger and as the chain have them', async () => {
    const one = await world.owe(10n * usd);
    const two = await world.owe(20n * usd);
    const process = world.process();
    await world.untilFinal(process);
    await process.reconciliation.run();
    await world.owe(5n * usd, { id: one.id });
    await world.untilFinal(process);
    await world.mine(3);
    const { ok, accounts } = await process.runs.runNow('admin');
    expect(ok).toBe(true);
    const lines = new Map(accounts.map((line) => [line.account, line]));
    const treasury = account.treasury(31_337, world.token.tokenAddress);
    expect(lines.get(treasury)).toMatchObject({ ledger: 999_965n * usd, chain: 999_965n * usd });
    for (const [id, paid] of [
      [one.id, 15n * usd],
      [two.id, 20n * usd],
    ] as const)
      expect(lines.get(account.inSettlement(id))).toMatchObject({ ledger: paid, chain: paid });
    expect(lines.get(account.gas(31_337))?.unit).toBe('gwei');
  });

  it('book what comes into the treasury and what its owner takes out, and coins of the gas payer', async () => {
    const process = world.process();
    await process.settler.tick();
    await process.reconciliation.run();
    const treasury = account.treasury(31_337, world.token.tokenAddress);
    await world.mine(3);
    await process.reconciliation.run();
    const before = await balance(treasury);
    await world.token.mint(world.payer, 500n * usd);
    await world.send(developmentKeys.payer, {
      to: world.token.tokenAddress,
      data: encodeTokenCall('transfer', ['0x000000000000000000000000000000000000dEaD', 200n * usd]),
    });
    await world.rpc.call(
      'anvil_setBalance',
      [process.settler.state().gasPayerAddress, '0x3635c9adc5dea0000000'],
      z.unknown(),
    );
    await world.mine(3);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
    expect((await balance(treasury)) - before).toBe(300n * usd);
    expect(await balance(account.funding())).toBe(await balance(treasury));
  });

  it('name coins that left the gas payer besides what our txs cost', async () => {
    const process = world.process();
    await process.settler.tick();
    await world.mine(3);
    await process.reconciliation.run();
    await world.rpc.call(
      'anvil_setBalance',
      [process.settler.state().gasPayerAddress, '0xde0b6b3a7640000'],
      z.unknown(),
    );
    await world.mine(4);
    const { ok, differences } = await process.reconciliation.run();
    expect(ok).toBe(false);
    expect(differences).toMatchObject([
      { account: account.gas(31_337), detail: expect.stringMatching(/wei left the gas payer besides/) },
    ]);
  });

  it('say for how many hours pay and gas last', async () => {
    const { id } = await world.owe(240n * usd);
    const process = world.process();
    await world.untilFinal(process);
    await world.owe(10n * usd, { id });
    const runway = await process.settler.runway();
    expect(runway).toMatchObject({ owedMicroUsd: 10n * usd, treasuryMicroUsd: 999_760n * usd });
    // An hour's books at least: 250 dollars earned in it.
    expect(runway?.payHours).toBe(Number((999_750n * usd) / (runway?.payPerHourMicroUsd ?? 1n)));
    expect(runway?.gasHours).toBeGreaterThan(0);
  });
});
