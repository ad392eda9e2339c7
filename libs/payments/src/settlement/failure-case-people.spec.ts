import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Wallet } from 'ethers';

import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import type { SettlementDoors } from './assemble.js';

Logger.overrideLogger(false);

let world: TestSettlement;
const usd = 1_000_000n;

beforeAll(async () => {
  world = await openTestSettlement();
});
afterAll(async () => {
  await world.close();
});

const paymentsTo = async (process: SettlementDoors, orchestratorId: string) =>
  (await process.payouts.list({ orchestratorId })).items;
const paidTo = async (address: string) => (await world.transfers()).get(address.toLowerCase());

describe('failure cases of people and clocks', () => {
  it('case 22: "settle now" pressed many times at once makes one payout', async () => {
    const { id, address } = await world.owe(10n * usd);
    const replicas = [world.process(), world.process({}, await world.books.anotherReplica())];
    const runs = await Promise.all(
      [...replicas, ...replicas, ...replicas].map(({ payouts }) => payouts.runNow()),
    );
    expect(runs.flatMap(({ payouts }) => payouts)).toHaveLength(1);
    await world.untilFinal(world.process());
    expect(await paymentsTo(world.process(), id)).toHaveLength(1);
    expect(await paidTo(address)).toBe(10n * usd);
  });

  it('case 22: a held payout released by two people at once is paid once, and the second is told', async () => {
    const { id, address } = await world.owe(20n * usd);
    const process = world.process({ maxPayoutMicroUsd: 15n * usd });
    await process.settler.tick();
    const [held] = await paymentsTo(process, id);
    const releases = await Promise.allSettled(
      ['one', 'two'].map((person) => process.payouts.release(held?.id ?? '', person)),
    );
    expect(releases.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await world.untilFinal(process);
    expect(await paidTo(address)).toBe(20n * usd);
  });

  it.each([-12, 240])(
    'case 25: a database whose clock is %i hours wrong pays all the same',
    async (hours) => {
      const { id, address } = await world.owe(10n * usd);
      await world.books.setClock(new Date(Date.now() + hours * 3_600_000));
      const process = world.process();
      for (let turn = 0; turn < 5; turn += 1) {
        await process.payouts.runNow();
        await process.settler.tick();
        await world.mine(2);
      }
      await world.books.setClock(undefined);
      expect(await paymentsTo(process, id)).toMatchObject([{ status: 'paid' }]);
      expect(await paidTo(address)).toBe(10n * usd);
    },
  );

  it('case 26: an address changed after the reservation is that of the next payout', async () => {
    const { id, address } = await world.owe(10n * usd);
    const process = world.process();
    await process.payouts.runNow();
    const next = Wallet.createRandom().address;
    await world.books.database.dataSource.query(
      `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
         values ($1, 'payout_address', $2, payments.clock() - interval '1 minute', 'test')`,
      [id, next],
    );
    await world.untilFinal(process);
    await world.owe(7n * usd, { id });
    await process.payouts.runNow();
    await world.untilFinal(process);
    expect([await paidTo(address), await paidTo(next)]).toEqual([10n * usd, 7n * usd]);
  });
});
