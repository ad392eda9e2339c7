import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';

import { shortDeck, torture } from '#payments/testing';

const program = fileURLToPath(new URL('../../dist/apps/distributor/src/main.js', import.meta.url));
/** Another seed: `npm run torture -- --minutes 30 --seed N`. */
const seed = 20_261_122;

describe('the real distributor', () => {
  it(`pays everybody once, killed at every edge and with everything around it failing (seed ${seed})`, async () => {
    const report = await torture({
      ...{ program, seed, rounds: shortDeck, inOrder: true },
      isOver: (rounds) => rounds === shortDeck.length,
    });
    expect(report.wrong).toEqual([]);
    const killedAt = new Set([...report.kills.keys()].map((where) => where.split(' ')[0]));
    for (const edge of ['reserve', 'E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E8', 'E9']) {
      expect(killedAt).toContain(edge);
    }
    expect(report.payouts).toBeGreaterThan(shortDeck.length);
  }, 300_000);
});
