import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { worthOf } from '../../testing/model/rules.js';
import { rewardMicroUsd } from './reward.js';

const MINUTE_MS = 60_000n;
const HOUR_MS = 3_600_000n;
const divisors = Array.from({ length: 3_600 }, (_, index) => index + 1).filter((s) => 3_600 % s === 0);

const rate = fc.oneof(
  fc.bigInt({ min: 0n, max: 100_000_000n }),
  fc.constantFrom(0n, 1n, 7n, 59n, 60n, 61n, 3_599n, 9_999_999n, 100_000_000n),
);
const hourMs = fc.integer({ min: 0, max: 500_000 }).map((hours) => BigInt(hours) * HOUR_MS);

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);

/** The periods of one hour, and what each is worth when all of them are paid at one rate. */
function hourOf(seconds: number, microUsdPerMinute: bigint, startMs: bigint) {
  const periodMs = BigInt(seconds) * 1_000n;
  return Array.from({ length: 3_600 / seconds }, (_, index) => {
    const fromMs = startMs + BigInt(index) * periodMs;
    return {
      fromMs,
      toMs: fromMs + periodMs,
      worth: rewardMicroUsd(microUsdPerMinute, fromMs, fromMs + periodMs),
    };
  });
}

/** Hands out an hour micro-dollar by micro-dollar, the remainder of a period going on to the next. */
function carried(seconds: number, microUsdPerMinute: bigint): bigint[] {
  const perPeriod = microUsdPerMinute * BigInt(seconds) * 1_000n;
  let carry = 0n;
  return Array.from({ length: 3_600 / seconds }, () => {
    const held = carry + perPeriod;
    carry = held % MINUTE_MS;
    return held / MINUTE_MS;
  });
}

describe('the reward of a period, for each of the lengths that divide an hour', () => {
  it.each(divisors)(
    '%i s: an hour is sixty minutes of the rate, dealt out without a remainder lost',
    (seconds) => {
      fc.assert(
        fc.property(rate, hourMs, (microUsdPerMinute, startMs) => {
          const worths = hourOf(seconds, microUsdPerMinute, startMs).map(({ worth }) => worth);
          expect(sum(worths)).toBe(60n * microUsdPerMinute);
          expect(worths).toEqual(carried(seconds, microUsdPerMinute));
        }),
        { numRuns: Math.max(3, Math.min(20, seconds)) },
      );
    },
  );

  it('is what the model says', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...divisors),
        rate,
        hourMs,
        fc.nat(3_599),
        (seconds, perMinute, startMs, nth) => {
          const fromMs = startMs + BigInt((nth % (3_600 / seconds)) * seconds) * 1_000n;
          const toMs = fromMs + BigInt(seconds) * 1_000n;
          expect(rewardMicroUsd(perMinute, fromMs, toMs)).toBe(
            worthOf(perMinute, Number(fromMs), Number(toMs)),
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('pays any part of an hour between the floor and the ceiling of each of its periods', () => {
    const part = fc
      .constantFrom(...divisors)
      .chain((seconds) =>
        fc.tuple(
          fc.constant(seconds),
          fc.subarray(Array.from({ length: 3_600 / seconds }, (_, index) => index)),
        ),
      );
    fc.assert(
      fc.property(part, rate, hourMs, ([seconds, chosen], microUsdPerMinute, startMs) => {
        const hour = hourOf(seconds, microUsdPerMinute, startMs);
        const fair = microUsdPerMinute * BigInt(seconds) * 1_000n;
        const floor = fair / MINUTE_MS;
        const ceiling = (fair + MINUTE_MS - 1n) / MINUTE_MS;
        const paid = sum(chosen.map((index) => hour[index]?.worth ?? -1n));
        expect(paid >= BigInt(chosen.length) * floor && paid <= BigInt(chosen.length) * ceiling).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('pays any unbroken stretch within an hour to less than a micro-dollar of its fair share', () => {
    const stretch = fc.record({ seconds: fc.constantFrom(...divisors), a: fc.nat(3_600), b: fc.nat(3_600) });
    fc.assert(
      fc.property(stretch, rate, hourMs, ({ seconds, a, b }, microUsdPerMinute, startMs) => {
        const count = 3_600 / seconds;
        const [first, last] = [Math.min(a, b) % (count + 1), Math.max(a, b) % (count + 1)].sort(
          (x, y) => x - y,
        );
        const periods = hourOf(seconds, microUsdPerMinute, startMs).slice(first, last);
        const fair = microUsdPerMinute * BigInt(seconds) * 1_000n * BigInt(periods.length);
        const paid = sum(periods.map(({ worth }) => worth)) * MINUTE_MS;
        expect(paid > fair - MINUTE_MS && paid < fair + MINUTE_MS).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('begins a changed rate with the change: before and after it each stretch is paid by its own rate', () => {
    const changed = fc
      .constantFrom(...divisors.filter((seconds) => seconds < 3_600))
      .chain((seconds) =>
        fc.tuple(
          fc.constant(seconds),
          fc.array(fc.tuple(fc.integer({ min: 1, max: 3_600 / seconds }), rate), { maxLength: 4 }),
        ),
      );
    fc.assert(
      fc.property(changed, rate, hourMs, ([seconds, changes], firstRate, startMs) => {
        const rateOf = (index: number): bigint =>
          changes
            .filter(([from]) => from <= index)
            .sort(([a], [b]) => a - b)
            .at(-1)?.[1] ?? firstRate;
        const paid = hourOf(seconds, 0n, startMs).map(({ fromMs, toMs }, index) =>
          rewardMicroUsd(rateOf(index), fromMs, toMs),
        );
        const fair = sum(paid.map((_, index) => rateOf(index) * BigInt(seconds) * 1_000n));
        // Each stretch of one rate is off by less than a micro-dollar, and there is one more of them than changes.
        const slack = MINUTE_MS * BigInt(changes.length + 1);
        const difference = sum(paid) * MINUTE_MS - fair;
        expect(difference > -slack && difference < slack).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
