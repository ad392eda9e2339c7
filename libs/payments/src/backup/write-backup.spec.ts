import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { type BooksCopies, openBooksCopies } from './testing/books-copies.js';
import { writeBackup } from './write-backup.js';

describe('a backup', () => {
  let copies: BooksCopies;
  let books: TestBooks;
  beforeEach(async () => {
    copies = await openBooksCopies();
    books = await openTestBooks();
  });
  afterEach(async () => {
    await books.close();
    await copies.close();
  });

  it('is readable by its owner only, and never overwrites another', async () => {
    await bookServices(books.database).books.open();
    const path = await copies.backUp(books.url);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(writeBackup(books.url, path)).rejects.toThrow(/exists already/);
  });

  it('that was cut off leaves no file at all', async () => {
    await bookServices(books.database).books.open();
    const folder = join(copies.folder, 'cut');
    await mkdir(folder);
    const cut = new AbortController();
    const onProgress = (): void => {
      cut.abort();
    };
    await expect(
      writeBackup(books.url, join(folder, 'a'), { signal: cut.signal, onProgress }),
    ).rejects.toThrow(/abort/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('needs books', async () => {
    await expect(writeBackup(books.url, join(copies.folder, 'a'))).rejects.toThrow(
      /no books in this database/,
    );
    await expect(writeBackup(await copies.emptyDatabase(), join(copies.folder, 'a'))).rejects.toThrow(
      /no books/,
    );
  });
});
