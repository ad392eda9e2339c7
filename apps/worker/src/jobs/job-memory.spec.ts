import { describe, expect, it } from '@jest/globals';

import { JobMemory } from './job-memory.js';

describe('the memory of answers', () => {
  it('forgets the answer that was used longest ago when it is full', () => {
    const memory = new JobMemory<number>({ capacity: 2, keepMs: 1_000 });
    memory.remember('a', 1);
    memory.remember('b', 2);
    memory.recall('a');
    memory.remember('c', 3);
    expect([memory.recall('a'), memory.recall('b'), memory.recall('c')]).toEqual([1, undefined, 3]);
  });

  it('forgets an answer when its time is over, however often it was used', () => {
    let nowMs = 0;
    const memory = new JobMemory<number>({ capacity: 2, keepMs: 1_000, nowMs: () => nowMs });
    memory.remember('a', 1);
    nowMs = 999;
    expect(memory.recall('a')).toBe(1);
    nowMs = 1_000;
    expect(memory.recall('a')).toBeUndefined();
  });
});
