import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { Death, dyingDatabase } from '../../testing/dying-database.js';
import type { RpcFate } from '../../testing/rpc-proxy.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import type { SettlementDoors } from './assemble.js';

Logger.overrideLogger(false);

let world: TestSettlement;
const amount = 10_000_000n;
/** More than one payout needs; the sweep ends when a process lives to its end. */
const mostSteps = 60;

beforeAll(async () => {
  world = await openTestSettlement();
});
afterAll(async () => {
  await world.close();
});

/** Ticks until the payout is final or the process has died. */
async function live(process: SettlementDoors): Promise<void> {
  try {
    await world.untilFinal(process);
  } catch (error) {
    if (!(error instanceof Death)) throw error;
  }
}

async function expectPaidOnce(address: string): Promise<void> {
  const survivor = world.process();
  await world.untilFinal(survivor);
  expect((await world.transfers()).get(address.toLowerCase())).toBe(amount);
  const { items } = await survivor.payouts.list({ limit: 1_000 });
  expect(items.filter(({ payoutAddress }) => payoutAddress === address)).toMatchObject([{ status: 'paid' }]);
}

describe('a distributor that dies', () => {
  it.each(['before commit', 'after commit'] as const)(
    '%s of any of its transactions pays nobody twice',
    async (moment) => {
      let step = 1;
      for (; step < mostSteps; step += 1) {
        const { address } = await world.owe(amount);
        const mortal = dyingDatabase(world.books.database, step, moment);
        await live(world.process({}, mortal.database));
        await expectPaidOnce(address);
        if (!mortal.isDead()) break;
      }
      // Reserve, scan, sign, send, record, mine, finalise: a sweep that ends sooner has tried nothing.
      expect(step).toBeGreaterThan(8);
      expect(step).toBeLessThan(mostSteps);
      expect(await world.process().reconciliation.run()).toMatchObject({ ok: true });
    },
  );

  it.each<RpcFate & string>(['cut-before', 'cut-after'])(
    'when its node is %s any question, for good, leaves nothing that another cannot finish',
    async (fate) => {
      let step = 1;
      for (; step < mostSteps; step += 1) {
        const { address } = await world.owe(amount);
        let asked = 0;
        world.proxy.decide(() => {
          asked += 1;
          return asked >= step ? fate : 'forward';
        });
        const cutOff = world.process();
        for (let turn = 0; turn < 4; turn += 1) {
          await cutOff.settler.tick();
          await world.mine(2);
        }
        world.proxy.decide(() => 'forward');
        await expectPaidOnce(address);
        if (asked < step) break;
      }
      expect(step).toBeGreaterThan(15);
      expect(step).toBeLessThan(mostSteps);
      expect(await world.process().reconciliation.run()).toMatchObject({ ok: true });
    },
  );
});
