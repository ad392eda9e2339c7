import { z } from 'zod';

import { delay } from '#platform';

import { adoptPayments } from '../../src/backup/adopt-payments.js';
import { formatUsd } from '../../src/money/micro-usd.js';
import type { FaultWorld } from './fault-world.js';
import { microUsd, quiet, type Round } from './round.js';

const nameLimitMs = 30_000;
const lookEveryMs = 300;
/** Ticks in which books that do not know two payments must pay nobody. */
const temptationMs = 3_000;

const stateSchema = z.object({ paused: z.boolean(), pause: z.object({ reason: z.string() }).nullable() });

/**
 * The API must say that settlement is paused and why, and name each payment that the books have lost: as a difference, or
 * as a payout that was taken over from the chain.
 */
async function untilNamed(world: FaultWorld, amounts: readonly bigint[]): Promise<void> {
  let said = 'nothing';
  for (const deadline = Date.now() + nameLimitMs; Date.now() < deadline;) {
    try {
      const api = await world.api();
      const { paused, pause } = stateSchema.parse(await api.get('/payouts'));
      const { differences } = await api.reconciliation();
      const adopted = (await api.payments()).map(({ amount_usd }) => amount_usd);
      said = JSON.stringify({ paused, pause, differences });
      const isNamed = (amount: bigint) => said.includes(formatUsd(amount)) || adopted.includes(amount);
      if (paused && pause !== null && amounts.every(isNamed)) {
        world.say(`paused: ${pause.reason}`);
        return;
      }
    } catch (error) {
      // It may just have begun.
      said = error instanceof Error ? error.message : String(error);
    }
    await delay(lookEveryMs);
  }
  throw new Error(`payments of ${amounts.map(formatUsd).join(' and ')} are not named, only ${said}`);
}

/**
 * The books are copied, two payouts are paid, the copy takes their place without anybody telling it, and the distributor
 * goes on with them. It must say what is missing and pay nobody, until a person has taken the payments over from the chain.
 */
export const restoredBooks: Round = {
  name: 'books restored from before two payments',
  async run(world, random) {
    const known = [await world.books.newPayee(), await world.books.newPayee()];
    await world.owe(known.map((payee) => ({ payee, microUsd: microUsd(random) })));
    await quiet(world);
    await world.copyBooks();
    const amounts = known.map(() => microUsd(random));
    await world.owe(known.map((payee, index) => ({ payee, microUsd: amounts[index] ?? 0n })));
    await quiet(world);

    await world.restoreBooks();
    world.countFault('books restored from a copy');
    const before = await world.chain.transfers();
    await world.owe([{ payee: 'new', microUsd: microUsd(random) }]);
    await untilNamed(world, amounts);
    await delay(temptationMs);
    const after = await world.chain.transfers();
    if (after.length !== before.length)
      throw new Error('restored books paid somebody before they were whole');

    // For what the distributor does not take over by itself.
    const { unknown } = await adoptPayments(world.postgres.url);
    if (unknown.length > 0) throw new Error(`${unknown.length} payments were not understood`);
    await world.books.oweAgain();
    await (await world.api()).post('/payouts/resume');
    await quiet(world);
  },
};
