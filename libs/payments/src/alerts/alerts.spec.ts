import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import type { Alerts } from './alerts.js';

const key = { kind: 'wrong_worker', subject: 'orchestrator/1' } as const;

let books: TestBooks;
let alerts: Alerts;

beforeAll(async () => {
  books = await openTestBooks();
  ({ alerts } = bookServices(books.database));
});
afterAll(() => books.close());

const raise = (text: string, subject: string = key.subject): Promise<void> =>
  books.database.transaction((tx) => alerts.raise(tx, { ...key, subject, text, details: { amount: 5n } }));

describe('alerts', () => {
  it('counts a trouble that goes on, and opens a new alert when it comes back after its end', async () => {
    await raise('signed by A');
    await raise('signed by B');
    expect((await alerts.list()).items).toMatchObject([
      { ...key, text: 'signed by B', seenCount: 2, details: { amount: '5' }, resolvedAt: null },
    ]);
    await books.database.transaction((tx) => alerts.resolve(tx, key));
    await raise('signed by C');
    expect((await alerts.list({ state: 'open' })).items).toMatchObject([
      { text: 'signed by C', seenCount: 1 },
    ]);
    expect((await alerts.list({ state: 'resolved' })).items).toMatchObject([
      { text: 'signed by B', resolvedAt: expect.any(Date) },
    ]);
    expect(await alerts.open(books.database.dataSource, ['wrong_worker'])).toEqual([key]);
  });

  it('opens one alert when two processes meet the same trouble at once', async () => {
    await Promise.all(['one', 'two', 'three', 'four'].map((text) => raise(text, 'orchestrator/2')));
    const { items } = await alerts.list({ state: 'open' });
    expect(items.filter(({ subject }) => subject === 'orchestrator/2')).toMatchObject([{ seenCount: 4 }]);
  });

  it('walks to its end page by page, the newest first', async () => {
    await Promise.all([3, 4, 5, 6].map((n) => raise('again', `orchestrator/${n}`)));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await alerts.list({ limit: 2, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(7);
    expect(seen).toHaveLength(7);
  });
});
