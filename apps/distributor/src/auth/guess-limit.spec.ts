import { describe, expect, it } from '@jest/globals';
import { GuessLimit } from './guess-limit.js';

describe('limit of wrong passwords', () => {
  it('lets an address wait after its last allowed guess, and only that one', () => {
    let nowMs = 1_000;
    const limit = new GuessLimit({ maxGuesses: 2, windowMs: 60_000, nowMs: () => nowMs });
    limit.wrong('a');
    expect(limit.waitMs('a')).toBe(0);
    nowMs += 10_000;
    limit.wrong('a');
    expect(limit.waitMs('a')).toBe(50_000);
    expect(limit.waitMs('b')).toBe(0);
    nowMs += 50_000;
    expect(limit.waitMs('a')).toBe(0);
  });

  it('forgets the guesses of who knew the password in the end', () => {
    const limit = new GuessLimit({ maxGuesses: 1 });
    limit.wrong('a');
    limit.right('a');
    expect(limit.waitMs('a')).toBe(0);
  });

  it('remembers a bounded number of addresses, the newest', () => {
    const limit = new GuessLimit({ maxGuesses: 1, maxAddresses: 2 });
    for (const address of ['a', 'b', 'c']) limit.wrong(address);
    expect(limit.waitMs('a')).toBe(0);
    expect(limit.waitMs('b')).toBeGreaterThan(0);
    expect(limit.waitMs('c')).toBeGreaterThan(0);
  });
});
