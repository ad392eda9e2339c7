import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { formatUsd, MAX_MICRO_USD, parseUsd, usdSchema } from './micro-usd.js';
import { rewardMicroUsd } from './reward.js';

describe('dollars', () => {
  it.each([
    ['10', 10_000_000n],
    ['10.5', 10_500_000n],
    ['0.000001', 1n],
    ['-0.000001', -1n],
    ['10.000000', 10_000_000n],
  ])('reads %s', (text, microUsd) => {
    expect(parseUsd(text)).toBe(microUsd);
    expect(usdSchema.parse(text)).toBe(microUsd);
  });

  it.each([
    '',
    '1e3',
    '0x10',
    '1.0000001',
    ' 1',
    '+1',
    '.5',
    '1.',
    'NaN',
    'Infinity',
    '1,5',
    '9999999999999.5',
  ])('refuses %j', (text) => {
    expect(() => parseUsd(text)).toThrow(/is not an amount/);
    expect(usdSchema.safeParse(text).success).toBe(false);
  });

  it('refuses a JSON number', () => {
    expect(usdSchema.safeParse(10).success).toBe(false);
  });

  it('writes six decimals and reads back what it wrote', () => {
    expect(formatUsd(10_000_000n)).toBe('10.000000');
    expect(formatUsd(-1n)).toBe('-0.000001');
    fc.assert(
      fc.property(fc.bigInt({ min: -MAX_MICRO_USD, max: MAX_MICRO_USD }), (microUsd) => {
        expect(parseUsd(formatUsd(microUsd))).toBe(microUsd);
      }),
    );
  });
});

describe('the reward of a period', () => {
  const divisors = Array.from({ length: 3600 }, (_, index) => index + 1).filter(
    (seconds) => 3600 % seconds === 0,
  );
  const hour = fc.integer({ min: 0, max: 500_000 }).map((hours) => BigInt(hours) * 3_600_000n);
  const rate = fc.bigInt({ min: 0n, max: 100_000_000_000n });

  it('adds up to exactly sixty minutes over an hour, for every length that divides it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...divisors), rate, hour, (seconds, microUsdPerMinute, hourStartMs) => {
        const periodMs = BigInt(seconds) * 1_000n;
        let sum = 0n;
        for (let fromMs = hourStartMs; fromMs < hourStartMs + 3_600_000n; fromMs += periodMs) {
          sum += rewardMicroUsd(microUsdPerMinute, fromMs, fromMs + periodMs);
        }
        expect(sum).toBe(microUsdPerMinute * 60n);
      }),
      { numRuns: 60 },
    );
  });

  it('never differs by more than a micro-dollar from its fair share', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...divisors),
        fc.nat(3599),
        rate,
        hour,
        (seconds, index, microUsdPerMinute, hourStartMs) => {
          const periodMs = BigInt(seconds) * 1_000n;
          const fromMs = hourStartMs + BigInt(index % (3600 / seconds)) * periodMs;
          const reward = rewardMicroUsd(microUsdPerMinute, fromMs, fromMs + periodMs);
          const fair = microUsdPerMinute * periodMs;
          expect(reward * 60_000n > fair - 60_000n && reward * 60_000n < fair + 60_000n).toBe(true);
        },
      ),
    );
  });

  it('is ten dollars for a minute at the default rate', () => {
    expect(rewardMicroUsd(10_000_000n, 60_000n, 120_000n)).toBe(10_000_000n);
  });

  it('refuses a span across two hours, an empty one and a negative rate', () => {
    expect(() => rewardMicroUsd(1n, 3_599_000n, 3_601_000n)).toThrow(RangeError);
    expect(() => rewardMicroUsd(1n, 60_000n, 60_000n)).toThrow(RangeError);
    expect(() => rewardMicroUsd(-1n, 0n, 60_000n)).toThrow(RangeError);
  });
});
