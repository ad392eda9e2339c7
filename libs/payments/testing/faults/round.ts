import type { Payee } from './fault-books.js';
import type { FaultWorld } from './fault-world.js';
import { settleAll } from './heal.js';
import type { SeededRandom } from './seeded-random.js';

/** One thing that goes wrong. It need not wait for the payouts that it began: a judgement follows sooner or later. */
export interface Round {
  name: string;
  run(world: FaultWorld, random: SeededRandom): Promise<void>;
}

/** $1 to $500. */
export const microUsd = (random: SeededRandom): bigint => BigInt(random.between(1_000_000, 500_000_000));

/** Half of them to payees who have been paid before. */
export function oweSome(world: FaultWorld, random: SeededRandom, most = 3): Promise<Payee[]> {
  const known = world.books.payees.filter(({ address }) => !world.blacklisted.has(address));
  return world.owe(
    Array.from({ length: random.between(1, most) }, () => ({
      payee: known.length > 0 && random.chance(0.5) ? random.pick(known) : ('new' as const),
      microUsd: microUsd(random),
    })),
  );
}

/** Some rounds need that nothing else is under way. */
export async function quiet(world: FaultWorld): Promise<void> {
  const wrong = await settleAll(world);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}
