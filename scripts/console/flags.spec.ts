import { describe, expect, it } from '@jest/globals';

import { UsageError } from '../surroundings/surroundings.js';
import { durationMs, parseFlags, rateEveryMs, wholeNumber } from './flags.js';

describe('flags', () => {
  it.each([
    ['90', 90_000],
    ['30s', 30_000],
    ['2m', 120_000],
    ['2min', 120_000],
    ['1.5m', 90_000],
    ['500ms', 500],
    ['1h', 3_600_000],
  ])('read the duration %s', (text, ms) => {
    expect(durationMs('--wait', text)).toBe(ms);
  });

  it.each(['', '0', '0s', '-1s', '1d', 'soon', '1e3', '2 m'])('refuse the duration "%s"', (text) => {
    expect(() => durationMs('--wait', text)).toThrow(UsageError);
  });

  it.each([
    ['10/min', 6_000],
    ['10/m', 6_000],
    ['2/s', 500],
    ['100/h', 36_000],
    ['0.5/s', 2_000],
  ])('read the rate %s', (text, everyMs) => {
    expect(rateEveryMs('--rate', text)).toBe(everyMs);
  });

  it.each(['', '10', '0/s', '-1/s', '10/day', '/s'])('refuse the rate "%s"', (text) => {
    expect(() => rateEveryMs('--rate', text)).toThrow(/--rate must be a rate/);
  });

  it('read whole numbers within bounds only', () => {
    expect(wholeNumber('--timeout', '30', { min: 1, max: 60 })).toBe(30);
    for (const text of ['0', '61', '1.5', '-1', 'x', '']) {
      expect(() => wholeNumber('--timeout', text, { min: 1, max: 60 })).toThrow(UsageError);
    }
  });

  it('refuse what they do not know, by name', () => {
    const options = { json: { type: 'boolean' } } as const;
    expect(parseFlags(['--json'], options)).toEqual({ json: true });
    expect(() => parseFlags(['--jsn'], options)).toThrow(/--jsn/);
    expect(() => parseFlags(['extra'], options)).toThrow(UsageError);
  });
});
