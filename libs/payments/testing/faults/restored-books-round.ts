import { delay } from '#platform';

import { adoptPayments } from '../../src/backup/adopt-payments.js';
import { formatUsd } from '../../src/money/micro-usd.js';
import type { FaultWorld } from './fault-world.js';
import { microUsd, quiet, type Round } from './round.js';

const nameLimitMs = 30_000;
const lookEveryMs = 300;
/** Ticks in which books that do not know two payments must pay nobody. */
const temptationMs = 3_000;

/** The API must name each payment that the books do not know. */
async function untilNamed(world: FaultWorld, amounts: readonly bigint[]): Promise<void> {
  const wanted = amounts.map((amount) => formatUsd(amount));
  let said = 'nothing';
  for (const deadline = Date.now() + nameLimitMs; Date.now() < deadline;) {
    try {
      const { ok, differences } = await (await world.api()).reconciliation();
      said = JSON.stringify(differences);
      if (!ok && wanted.every((amount) => said.includes(amount))) return;
    } catch (error) {
      // It may just have begun.
      said = error instanceof Error ? error.message : String(error);
    }
    await delay(lookEveryMs);
  }
  throw new Error(`the reconciliation does not name payments of ${wanted.join(' and ')}: ${said}`);
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

    await (await world.api()).post('/payouts/pause', { reason: 'restored from a copy' });
    const { adopted, unknown } = await adoptPayments(world.postgres.url);
    if (adopted.length !== known.length || unknown.length !== 0) {
      throw new Error(`${adopted.length} payments were taken over, ${unknown.length} were not understood`);
    }
    await world.books.oweAgain();
    await (await world.api()).post('/payouts/resume');
    await quiet(world);
  },
};
