import { describe, expect, it, jest } from '@jest/globals';

import { Gathering, type GatheringBounds } from './gathering.js';

/** Writes that end when the test says so. */
function writing(bounds: number | GatheringBounds) {
  const batches: { items: readonly number[]; end: (error?: Error) => void }[] = [];
  const gathering = new Gathering<number, number>(
    (items) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => {
          if (error) reject(error);
          else resolve(items.map((item) => item * 10));
        };
        batches.push({ items, end });
      }),
    typeof bounds === 'number' ? { most: bounds } : bounds,
  );
  return { gathering, batches };
}

const settle = () => new Promise(setImmediate);

describe('gathering', () => {
  it('writes together what came in while another write was under way, in order and bounded', async () => {
    const { gathering, batches } = writing(3);
    const first = gathering.add(1);
    await settle();
    const rest = [2, 3, 4, 5].map((item) => gathering.add(item));
    batches[0]?.end();
    expect(await first).toBe(10);
    batches[1]?.end();
    await settle();
    batches[2]?.end();
    expect(await Promise.all(rest)).toEqual([20, 30, 40, 50]);
    expect(batches.map(({ items }) => items)).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('fails for those whose write failed, and goes on with the others', async () => {
    const { gathering, batches } = writing(1);
    const failing = gathering.add(1);
    const next = gathering.add(2);
    await settle();
    batches[0]?.end(new Error('away'));
    await expect(failing).rejects.toThrow('away');
    batches[1]?.end();
    expect(await next).toBe(20);
  });

  it('has no room while a whole write waits, and some as soon as it has begun', async () => {
    const { gathering, batches } = writing(2);
    const added = [gathering.add(1)];
    await settle();
    added.push(...[2, 3].map((item) => gathering.add(item)));
    let hasRoom = false;
    const room = gathering.room().then(() => (hasRoom = true));
    await settle();
    expect(hasRoom).toBe(false);
    batches[0]?.end();
    await room;
    batches[1]?.end();
    await Promise.all(added);
  });

  it('begins a write no sooner after the one before than it is told, and takes along what came meanwhile', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
    try {
      const { gathering, batches } = writing({ most: 3, apartMs: 100 });
      const added = [gathering.add(1)];
      await settle();
      batches[0]?.end();
      await settle();
      for (const item of [2, 3]) {
        added.push(gathering.add(item));
        jest.advanceTimersByTime(49);
        await settle();
      }
      expect(batches.map(({ items }) => items)).toEqual([[1]]);
      jest.advanceTimersByTime(2);
      await settle();
      batches[1]?.end();
      expect(await Promise.all(added)).toEqual([10, 20, 30]);
      expect(batches.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('waits with many in line, and after a large write, until the next one is as large as it may be', async () => {
    const { gathering, batches } = writing({ most: 3, patientAfter: 2, quietMs: 60_000 });
    const added = [gathering.add(1), gathering.add(2)];
    await settle();
    expect(batches).toHaveLength(0);
    added.push(gathering.add(3));
    while (batches.length < 1) await settle();
    added.push(gathering.add(4));
    batches[0]?.end();
    await settle();
    for (const item of [5, 6]) {
      expect(batches).toHaveLength(1);
      added.push(gathering.add(item));
      await settle();
    }
    while (batches.length < 2) await settle();
    batches[1]?.end();
    await Promise.all(added);
    expect(batches.map(({ items }) => items)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('does not wait for others with few in line', async () => {
    const { gathering, batches } = writing({ most: 3, patientAfter: 2, quietMs: 60_000 });
    const only = gathering.add(1);
    while (batches.length < 1) await settle();
    batches[0]?.end();
    expect(await only).toBe(10);
  });

  it('waits no longer when nothing more comes', async () => {
    const { gathering, batches } = writing({ most: 100, patientAfter: 2, quietMs: 1, longestMs: 60_000 });
    const large = [gathering.add(1), gathering.add(2)];
    while (batches.length < 1) await settle();
    const last = gathering.add(3);
    batches[0]?.end();
    await Promise.all(large);
    while (batches.length < 2) await settle();
    batches[1]?.end();
    expect(await last).toBe(30);
  });

  it('waits no longer than the longest, though more keeps coming', async () => {
    const { gathering, batches } = writing({ most: 1_000_000, patientAfter: 1, quietMs: 1, longestMs: 5 });
    const added = [gathering.add(1)];
    while (batches.length < 1) await settle();
    added.push(gathering.add(2));
    batches[0]?.end();
    while (batches.length < 2) {
      added.push(gathering.add(2));
      await settle();
    }
    batches[1]?.end();
    await settle();
    // What came last of all is in a third one.
    while (batches.length < 3 && batches[1]?.items.length !== added.length - 1) await settle();
    batches[2]?.end();
    await Promise.all(added);
  });
});
