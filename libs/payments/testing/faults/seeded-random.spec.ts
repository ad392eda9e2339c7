import { describe, expect, it } from '@jest/globals';

import { SeededRandom } from './seeded-random.js';

const draw = (random: SeededRandom): number[] => Array.from({ length: 5 }, () => random.between(0, 999));

describe('the randomness of a seed', () => {
  it('is the same on every run and every machine', () => {
    expect(draw(new SeededRandom(20_261_122))).toEqual([836, 105, 3, 890, 552]);
  });

  it('is another one for another seed, and for another part of the same seed', () => {
    const sequences = [1, 2].flatMap((seed) =>
      [0, 1, 2].map((part) => draw(SeededRandom.of(seed, part)).join()),
    );
    expect(new Set(sequences).size).toBe(sequences.length);
  });

  it('shuffles without losing or doubling anything', () => {
    const cards = Array.from({ length: 30 }, (_, index) => index);
    const shuffled = new SeededRandom(7).shuffled(cards);
    expect(shuffled).not.toEqual(cards);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(cards);
  });

  it('reaches both ends of a range, and nothing beyond', () => {
    const random = new SeededRandom(3);
    const drawn = new Set(Array.from({ length: 300 }, () => random.between(1, 6)));
    expect([...drawn].toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
