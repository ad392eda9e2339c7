import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { RuleError } from '../books/errors.js';
import { RequestKeys } from './request-keys.js';

const answerSchema = z.object({ number: z.int() });

describe('a request with a key', () => {
  let books: TestBooks;
  let keys: RequestKeys;
  let done: number;

  beforeAll(async () => {
    books = await openTestBooks();
    keys = new RequestKeys(books.database);
  });
  afterAll(() => books.close());
  beforeEach(() => {
    done = 0;
  });

  const ask = (key: string | undefined, content: unknown = { a: 1n }, from = keys, route = 'POST /things') =>
    from.once({ key, actor: 'admin', route, content }, answerSchema, () => {
      done += 1;
      return Promise.resolve({ number: done });
    });

  it('is done once and answered the same ever after', async () => {
    expect(await ask('once')).toEqual({ answer: { number: 1 }, repeated: false });
    expect(await ask('once')).toEqual({ answer: { number: 1 }, repeated: true });
    expect(done).toBe(1);
  });

  it('is done every time without one', async () => {
    await ask(undefined);
    await ask(undefined);
    expect(done).toBe(2);
  });

  it('is refused when the key meant something else', async () => {
    await ask('taken');
    await expect(ask('taken', { a: 2n })).rejects.toThrow(RuleError);
    await expect(ask('taken', undefined, keys, 'POST /others')).rejects.toThrow(RuleError);
    expect(done).toBe(1);
  });

  it('leaves nothing behind when the work fails, so that it can be asked again', async () => {
    const failing = keys.once(
      { key: 'fails', actor: 'admin', route: 'POST /things', content: null },
      answerSchema,
      () => Promise.reject(new Error('no')),
    );
    await expect(failing).rejects.toThrow('no');
    expect(await ask('fails', null)).toMatchObject({ repeated: false });
  });

  it('is done once by many replicas at the same time', async () => {
    const replica = new RequestKeys(await books.anotherReplica());
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => ask('race', null, index % 2 === 0 ? keys : replica)),
    );
    expect(done).toBe(1);
    expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(new Set(answers.map(({ answer }) => answer.number))).toEqual(new Set([1]));
  });

  it.each(['', ' ', 'ü', 'a\n', 'x'.repeat(201)])('is refused with the key %j', async (key) => {
    await expect(ask(key)).rejects.toThrow(RuleError);
  });
});
