import { delay } from '#platform';

import type { FaultWorld } from './fault-world.js';
import { type Books, wrongAtTheEnd } from './oracle.js';

const lookEveryMs = 400;
/** With everything in order a payout takes two or three seconds. */
const settleLimitMs = 90_000;
/** So fast the books' clock runs while payouts wait for their next try. */
const aheadMsEachLook = 5_000;

/**
 * Everything works again, and a person does what only a person may: lets a held payout go whose recipient is no longer
 * blacklisted, and resumes after somebody else has used the gas payer's key.
 */
async function repair(world: FaultWorld): Promise<void> {
  const { chain, books } = world;
  world.calm();
  await chain.automine(true);
  chain.releaseBlocks();
  await chain.fillGasWallet();
  if (world.tokenIsPaused) {
    await chain.token.unpause();
    world.tokenIsPaused = false;
  }
  if (world.alive.length === 0) await world.enter();
  const api = await world.api();
  if (world.keyWasUsed) {
    await api.post('/payouts/resume');
  }
  for (const { id, payout_address } of await heldOf(world)) {
    const address = payout_address ?? '';
    if (!world.blacklisted.has(address)) continue;
    await chain.token.unBlacklist(address);
    await api.release(id);
  }
  await books.later(aheadMsEachLook);
}

async function lookAt(world: FaultWorld): Promise<Books> {
  const api = await world.api();
  return {
    payees: world.books.payees,
    payments: await api.payments(),
    balances: await api.balances(),
    reconciliation: await api.reconciliation(),
    transfers: await world.chain.transfers(),
  };
}

const heldOf = async (world: FaultWorld) =>
  (await (await world.api()).payments()).filter(({ status }) => status === 'held');

/** Waits until every debt is paid and final, and returns what is wrong when it does not come to that. */
export async function settleAll(world: FaultWorld): Promise<string[]> {
  let wrong: string[] = ['nothing was looked at'];
  for (const deadline = Date.now() + settleLimitMs; Date.now() < deadline;) {
    try {
      await repair(world);
      wrong = wrongAtTheEnd(await lookAt(world));
      if (wrong.length === 0) {
        world.keyWasUsed = false;
        return [];
      }
    } catch (error) {
      wrong = [error instanceof Error ? error.message : String(error)];
    }
    const ended = world.alive.find((process) => !process.isAlive);
    if (ended) return [`a distributor ended by itself:\n${ended.lastWords(8)}`];
    await delay(lookEveryMs);
  }
  return wrong;
}
