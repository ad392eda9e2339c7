import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { type Opinion, firstAgreed } from '../chain/agreement.js';
import { bumpFees } from '../chain/fee-policy.js';
import { distrustMs } from '../chain/node-health.js';
import { floorToToken, toMicroUsd, toTokenUnits } from '../chain/token-units.js';
import { affordable, withinDailyMaximum } from './afford.js';
import { hoursLeft } from './hours-left.js';
import { hasRoom, maxNotFinal, maxUnmined, nextNonce } from './lane-window.js';
import { replacementGasLimit, whyReplaced } from './replacement.js';
import { afterFailure } from './retry.js';

const amount = fc.bigInt({ min: 1n, max: 10n ** 15n });
const payouts = fc.array(fc.record({ amountMicroUsd: amount, wasSigned: fc.boolean() }), { maxLength: 30 });
const total = (chosen: readonly { amountMicroUsd: bigint }[]): bigint =>
  chosen.reduce((sum, { amountMicroUsd }) => sum + amountMicroUsd, 0n);
const check = <T>(property: fc.IProperty<T>) => {
  fc.assert(property, { numRuns: 300 });
};

describe('what may be signed', () => {
  it('never costs more than the treasury has, and is the longest beginning that fits', () => {
    check(
      fc.property(payouts, fc.bigInt({ min: -(10n ** 15n), max: 10n ** 16n }), (all, available) => {
        const chosen = affordable(all, available);
        expect(chosen).toEqual(all.slice(0, chosen.length));
        expect(chosen.length === 0 || total(chosen) <= available).toBe(true);
        const next = all[chosen.length];
        if (next) expect(total(chosen) + next.amountMicroUsd > available).toBe(true);
      }),
    );
  });

  it('never passes the daily maximum by first signatures, and lets every payout through that was signed before', () => {
    check(
      fc.property(payouts, amount, amount, (all, maxMicroUsd, usedMicroUsd) => {
        const chosen = withinDailyMaximum(all, { maxMicroUsd, usedMicroUsd });
        const first = chosen.filter(({ wasSigned }) => !wasSigned);
        expect(first.length === 0 || usedMicroUsd + total(first) <= maxMicroUsd).toBe(true);
        expect(chosen.filter(({ wasSigned }) => wasSigned)).toEqual(all.filter(({ wasSigned }) => wasSigned));
      }),
    );
  });
});

describe('a nonce', () => {
  const count = fc.bigInt({ min: 0n, max: 1_000n });

  it('is given only when the chain does not know more txs than the books, and lacks none but those under way', () => {
    check(
      fc.property(count, count, fc.integer({ min: 0, max: 20 }), (chainNonce, ourNonce, unmined) => {
        const verdict = nextNonce(chainNonce, ourNonce, unmined);
        const isOurs = chainNonce <= ourNonce && chainNonce + BigInt(unmined) >= ourNonce;
        expect(verdict.kind === 'ours').toBe(isOurs);
        expect(verdict.kind === 'foreign').toBe(chainNonce > ourNonce);
        if (verdict.kind === 'ours') expect(verdict.nonce).toBe(ourNonce);
      }),
    );
  });

  it('is never given while one before it is not on the network, nor beyond the bounds', () => {
    check(
      fc.property(fc.nat(20), fc.nat(20), fc.nat(200), (unsent, unmined, open) => {
        if (!hasRoom({ unsent, unmined, open })) return;
        expect(unsent).toBe(0);
        expect(unmined).toBeLessThan(maxUnmined);
        expect(open).toBeLessThan(maxNotFinal);
      }),
    );
  });
});

describe('another version of a settlement', () => {
  const fees = fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.bigInt({ min: 0n, max: 10n ** 12n }))
    .map(([one, other]) => ({
      maxFeeWei: one > other ? one : other,
      priorityFeeWei: one < other ? one : other,
    }));

  it('offers at least an eighth more in both fields and today’s price, or is not made', () => {
    check(
      fc.property(fees, fees, fc.bigInt({ min: 0n, max: 10n ** 13n }), (before, fresh, cap) => {
        const next = bumpFees(before, fresh, cap);
        if (!next) return;
        expect(next.maxFeeWei * 8n >= before.maxFeeWei * 9n).toBe(true);
        expect(next.priorityFeeWei * 8n >= before.priorityFeeWei * 9n).toBe(true);
        expect(next.maxFeeWei >= fresh.maxFeeWei && next.maxFeeWei <= cap).toBe(true);
        expect(next.priorityFeeWei <= next.maxFeeWei).toBe(true);
      }),
    );
  });

  const newest = fc.record({
    seq: fc.nat(60),
    kind: fc.constantFrom('pay' as const, 'cancel' as const),
    sendState: fc.constantFrom(
      'signed' as const,
      'maybe_sent' as const,
      'accepted' as const,
      'rejected' as const,
    ),
    lastErrorClass: fc.constantFrom(null, 'ambiguous', 'fee-too-low', 'insufficient-funds'),
    msSinceFirstSent: fc.option(fc.nat(100_000)),
    gasLimit: fc.bigInt({ min: 21_000n, max: 10_000_000n }),
  });

  it('is made at once when its nonce is given up, and never because of time before the time', () => {
    check(
      fc.property(newest, fc.boolean(), (attempt, cancelRequested) => {
        const why = whyReplaced({ cancelRequested }, attempt, 30_000);
        if (attempt.seq >= 39) expect(why).toBeNull();
        else if (cancelRequested && attempt.kind === 'pay') expect(why).toBe('cancel');
        if (why === 'not-mined') expect(attempt.msSinceFirstSent).toBeGreaterThanOrEqual(30_000);
        if (why !== null && why !== 'cancel') expect(attempt.msSinceFirstSent).not.toBeNull();
      }),
    );
  });

  it('never has less gas than the one before, or than a tx to ourselves needs', () => {
    check(
      fc.property(newest, fc.bigInt({ min: 0n, max: 100_000n }), (attempt, estimate) => {
        expect(replacementGasLimit('pay', attempt, 0n) >= attempt.gasLimit).toBe(true);
        const cancel = replacementGasLimit('cancel', attempt, estimate);
        expect(cancel >= 21_000n && cancel >= estimate).toBe(true);
      }),
    );
  });
});

describe('a payout that was not executed', () => {
  it('is tried again later and later, for at most an hour, and is held after eight times', () => {
    for (let failures = 0, last = 0; failures < 12; failures += 1) {
      const { status, holdReason, retryAfterSeconds } = afterFailure(failures, null);
      expect(retryAfterSeconds).toBeGreaterThanOrEqual(last);
      expect(retryAfterSeconds).toBeLessThanOrEqual(3_600);
      expect(status).toBe(failures + 1 >= 8 ? 'held' : 'reserved');
      expect((status === 'held') === (holdReason !== null)).toBe(true);
      last = retryAfterSeconds;
    }
  });

  it('is held at once when the token did something else', () => {
    expect(afterFailure(0, 'strange')).toMatchObject({ status: 'held', holdReason: 'strange' });
  });
});

describe('amounts of a token', () => {
  it('are floored to what it can move, and come back as they were', () => {
    check(
      fc.property(amount, fc.integer({ min: 0, max: 24 }), (microUsd, decimals) => {
        const moved = floorToToken(microUsd, decimals);
        expect(moved <= microUsd && moved >= 0n).toBe(true);
        expect(microUsd - moved < 10n ** BigInt(Math.max(0, 6 - decimals))).toBe(true);
        expect(toMicroUsd(toTokenUnits(moved, decimals), decimals)).toBe(moved);
      }),
    );
  });
});

describe('two nodes', () => {
  it('agree only when two of them said the same', () => {
    const opinions = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 });
    check(
      fc.property(opinions, (values) => {
        const heard = values.map((value, index): Opinion<number> => ({ node: `n${index}`, value }));
        const agreed = firstAgreed(heard, (one, other) => one === other);
        const isTwice = values.some((value, index) => values.indexOf(value) !== index);
        expect(agreed !== undefined).toBe(isTwice);
        if (agreed !== undefined)
          expect(values.filter((value) => value === agreed).length).toBeGreaterThan(1);
      }),
    );
  });

  it('are asked last for longer the more often they failed, a minute at most', () => {
    expect([0, 1, 2, 3, 4, 5, 50].map(distrustMs)).toEqual([
      0, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
    ]);
  });
});

describe('the runway', () => {
  it('is what is left by what an hour takes, rounded down, and unknown while nothing is spent', () => {
    check(
      fc.property(amount, amount, fc.bigInt({ min: 3_600n, max: 86_400n }), (left, spent, seconds) => {
        const { hours } = hoursLeft(left, spent, seconds);
        if (hours === null || hours === 1_000_000) return;
        expect(BigInt(hours) * spent * 3_600n <= left * seconds).toBe(true);
        expect((BigInt(hours) + 1n) * spent * 3_600n > left * seconds).toBe(true);
      }),
    );
    expect(hoursLeft(5n, 0n, 86_400n).hours).toBeNull();
    expect(hoursLeft(-1n, 5n, 86_400n).hours).toBe(0);
  });
});
