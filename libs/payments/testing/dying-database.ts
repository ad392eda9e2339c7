import type { EntityManager } from 'typeorm';

import type { Database } from '#platform/database';

/** The process is gone; nothing after this happened. */
export class Death extends Error {
  override readonly name = 'Death';
}

/**
 * The database of a process that is killed at its `count`-th transaction: before the commit, which is lost with it, or
 * right after, when nobody hears of it any more. `isDead()` tells whether it came to that.
 */
export function dyingDatabase(
  database: Database,
  count: number,
  moment: 'before commit' | 'after commit',
): { database: Database; isDead: () => boolean } {
  let left = count;
  let dead = false;
  async function transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    if (dead) throw new Death();
    left -= 1;
    if (left > 0) return database.transaction(work);
    dead = true;
    await database.transaction(async (tx) => {
      await work(tx);
      if (moment === 'before commit') throw new Death();
    });
    throw new Death();
  }
  const mortal = new Proxy(database, {
    get: (target, key): unknown => (key === 'transaction' ? transaction : Reflect.get(target, key, target)),
  });
  return { database: mortal, isDead: () => dead };
}
