import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { bumpFees, quoteFees } from './fee-policy.js';

const fees = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.bigInt({ min: 0n, max: 10n ** 12n }))
  .map(([one, other]) => (one > other ? [one, other] : [other, one]))
  .map(([maxFeeWei = 0n, priorityFeeWei = 0n]) => ({ maxFeeWei, priorityFeeWei }));

describe('the fee policy', () => {
  it('offers no tip where none is taken, and does not believe in large ones', () => {
    expect(quoteFees(42_161n, 20_000_000n, 10n ** 9n)).toEqual({
      maxFeeWei: 80_000_000n,
      priorityFeeWei: 0n,
    });
    expect(quoteFees(1n, 10n ** 9n, 10n ** 12n)).toEqual({
      maxFeeWei: 6n * 10n ** 9n,
      priorityFeeWei: 2n * 10n ** 9n,
    });
  });

  it('raises both fields by at least an eighth, to at least the fresh quote, and never above the cap', () => {
    fc.assert(
      fc.property(fees, fees, fc.bigInt({ min: 0n, max: 10n ** 13n }), (previous, fresh, cap) => {
        const bumped = bumpFees(previous, fresh, cap);
        if (!bumped) return;
        expect(bumped.maxFeeWei * 8n).toBeGreaterThanOrEqual(previous.maxFeeWei * 9n);
        expect(bumped.priorityFeeWei * 8n).toBeGreaterThanOrEqual(previous.priorityFeeWei * 9n);
        expect(bumped.maxFeeWei).toBeGreaterThanOrEqual(fresh.maxFeeWei);
        expect(bumped.maxFeeWei).toBeGreaterThanOrEqual(bumped.priorityFeeWei);
        expect(bumped.maxFeeWei).toBeLessThanOrEqual(cap);
      }),
    );
  });
});
