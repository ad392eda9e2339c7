import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { z } from 'zod';

import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { AuditLog } from '../audit/audit-log.js';
import { account } from '../ledger/account.js';
import type { SettlementDoors } from './assemble.js';

Logger.overrideLogger(false);

let world: TestSettlement;
const usd = 1_000_000n;

beforeEach(async () => {
  world = await openTestSettlement();
});
afterEach(async () => {
  await world.close();
});

const automine = (on: boolean) => world.rpc.call('evm_setAutomine', [on], z.unknown());
const only = (address: string, microUsd: bigint) => new Map([[address.toLowerCase(), microUsd]]);

async function openOne(process: SettlementDoors): Promise<string> {
  const [open] = (await process.settlements.list({ state: 'open' })).items;
  if (!open) throw new Error('no settlement is open');
  return open.id;
}

describe('a nonce that is given up', () => {
  it('case 37: is used by a tx to ourselves, its gas is booked, and its payouts are paid with another one', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    // Sits in the pool and is never mined.
    await automine(false);
    await process.settler.tick();
    const id = await openOne(process);
    const pending = await world.rpc.call('txpool_content', [], z.unknown());
    expect(JSON.stringify(pending)).toContain('0x82ad56cb');
    expect(await process.settlements.cancel(id, 'admin')).toMatchObject({ cancelRequested: true });
    await process.settler.tick();
    await automine(true);
    await world.mine(3);
    await process.settler.tick();
    expect(await world.transfers()).toEqual(new Map());
    const [given] = (await process.settlements.list({ state: 'final' })).items;
    expect(given).toMatchObject({ id, attempts: 2, gasUsed: 21_000n });
    const balance = (code: string) => world.ledger.balance(world.books.database.dataSource, code);
    expect(await balance(account.gasSpent(31_337))).toBeGreaterThan(0n);

    await world.later(30_000);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    const [payout] = (await process.payouts.list()).items;
    const detail = await process.payouts.get(payout?.id ?? '');
    expect(detail.settlements.map(({ outcome }) => outcome)).toEqual(['unused', 'paid']);
    expect(detail.attempts.map(({ kind }) => kind)).toEqual(['pay', 'cancel', 'pay']);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
    const { items } = await new AuditLog(world.books.database).list();
    expect(items.map(({ action }) => action)).toContain('settlement cancelled');
  });

  it('case 36: pays when the first version wins all the same, and nothing is released before that is final', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    await automine(false);
    await process.settler.tick();
    const id = await openOne(process);
    // The tx to ourselves never reaches the node.
    world.proxy.decide(({ method }) => (method === 'eth_sendRawTransaction' ? 'cut-before' : 'forward'));
    await process.settlements.cancel(id, 'admin');
    await process.settler.tick();
    const [waiting] = (await process.payouts.list()).items;
    expect((await process.payouts.get(waiting?.id ?? '')).attempts.map(({ kind }) => kind)).toEqual([
      'pay',
      'cancel',
    ]);
    await automine(true);
    await world.mine(1);
    await process.settler.tick();
    expect((await process.payouts.list()).items).toMatchObject([{ status: 'mined' }]);
    world.proxy.decide(() => 'forward');
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    expect((await process.settlements.list()).items).toMatchObject([{ id, status: 'final' }]);
  });

  it('is given up while payouts are paused too: it pays nobody', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    await automine(false);
    await process.settler.tick();
    await process.payouts.pause('a look', 'admin');
    await process.settlements.cancel(await openOne(process), 'admin');
    await process.settler.tick();
    await automine(true);
    await world.mine(3);
    await process.settler.tick();
    expect((await process.settlements.list()).items).toMatchObject([{ status: 'final' }]);
    expect(await world.transfers()).toEqual(new Map());
  });

  it('cannot be given up any more when a block has it', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    await process.settler.tick();
    const id = await openOne(process);
    await world.calm();
    await process.settler.tick();
    await expect(process.settlements.cancel(id, 'admin')).rejects.toThrow('its nonce is used already');
    await expect(process.settlements.cancel('nonsense', 'admin')).rejects.toThrow('There is no settlement');
  });
});
