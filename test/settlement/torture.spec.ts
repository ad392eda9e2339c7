import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';

import { edges, FaultWorld, restoredBooks, shortDeck, tortureIn } from '#payments/testing';

const program = fileURLToPath(new URL('../../dist/apps/distributor/src/main.js', import.meta.url));
/** Other seeds, more kinds of faults: `npm run torture`. */
const seed = 20_261_122;

describe('the real distributor', () => {
  let world: FaultWorld;

  beforeAll(async () => {
    world = await FaultWorld.open({ program });
  });
  afterAll(async () => {
    await world.close();
  });

  it(`pays everybody once, killed at every edge and with everything around it failing (seed ${seed})`, async () => {
    const rounds = shortDeck;
    const report = await tortureIn(world, {
      ...{ seed, rounds, inOrder: true },
      isOver: (done) => done === rounds.length,
    });
    expect(report.wrong).toEqual([]);
    const killedAt = new Set([...report.kills.keys()].map((where) => where.replace(/ .*/, '')));
    expect(killedAt).toEqual(new Set(edges));
    expect(report.payouts).toBeGreaterThan(rounds.length);
  }, 300_000);

  it('pays nobody twice from books restored from before two payments, and names both', async () => {
    const report = await tortureIn(world, {
      ...{ seed, rounds: [restoredBooks], inOrder: true },
      isOver: (done) => done === 1,
    });
    expect(report.wrong).toEqual([]);
    expect(report.faults.get('books restored from a copy')).toBe(1);
  }, 120_000);
});
