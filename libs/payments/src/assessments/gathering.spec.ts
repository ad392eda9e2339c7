import { describe, expect, it } from '@jest/globals';

import { Gathering } from './gathering.js';

/** Writes that end when the test says so. */
function writing(most: number) {
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
    most,
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

  it('has no room while two writes wait, and some as soon as one has begun', async () => {
    const { gathering, batches } = writing(2);
    const added = [gathering.add(1)];
    await settle();
    added.push(...[2, 3, 4, 5].map((item) => gathering.add(item)));
    let hasRoom = false;
    const room = gathering.room().then(() => (hasRoom = true));
    await settle();
    expect(hasRoom).toBe(false);
    batches[0]?.end();
    await room;
    batches[1]?.end();
    await settle();
    batches[2]?.end();
    await Promise.all(added);
  });
});
