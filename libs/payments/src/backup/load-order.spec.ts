import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { loadOrder } from './load-order.js';

describe('the order in which tables are loaded', () => {
  it('puts each table behind those that it refers to, for any references without a circle', () => {
    const names = Array.from({ length: 12 }, (_, index) => `t${index}`);
    const pair = fc.tuple(fc.nat(11), fc.nat(11)).map(([a, b]) => ({
      from: names[Math.max(a, b)] ?? '',
      to: names[Math.min(a, b)] ?? '',
    }));
    fc.assert(
      fc.property(fc.array(pair), fc.shuffledSubarray(names, { minLength: 12 }), (references, tables) => {
        const order = loadOrder(tables, references);
        expect([...order].sort()).toEqual([...tables].sort());
        for (const { from, to } of references) {
          if (from !== to) expect(order.indexOf(from)).toBeGreaterThan(order.indexOf(to));
        }
      }),
    );
  });

  it('is the same whatever order the tables came in', () => {
    expect(loadOrder(['b', 'c', 'a'], [{ from: 'a', to: 'c' }])).toEqual(['b', 'c', 'a']);
    expect(loadOrder(['a', 'b', 'c'], [{ from: 'a', to: 'c' }])).toEqual(['b', 'c', 'a']);
  });

  it('names the tables that refer to each other in a circle', () => {
    const circle = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
    ];
    expect(() => loadOrder(['a', 'b', 'c'], circle)).toThrow(/circle: a, b$/);
  });
});
