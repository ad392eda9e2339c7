import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

import { bookServices, openTestBooks } from '../../testing/test-books.js';
import { BackupFile } from './backup-file.js';
import { CHECKSUM_BYTES } from './checksum-member.js';
import { type BooksCopies, openBooksCopies } from './testing/books-copies.js';

describe('a backup file', () => {
  let copies: BooksCopies;
  let path: string;
  let whole: Buffer;

  beforeAll(async () => {
    copies = await openBooksCopies();
    const books = await openTestBooks();
    await bookServices(books.database).books.open();
    path = await copies.backUp(books.url);
    await books.close();
    whole = await readFile(path);
  });
  afterAll(async () => {
    await copies.close();
  });

  async function open(content: Buffer | string): Promise<string> {
    const other = join(copies.folder, 'other');
    await writeFile(other, content);
    const backup = await BackupFile.open(other);
    await backup.close();
    return backup.sha256;
  }

  it('is text for people: what it is, what stands in it, a block for each table, its checksum', async () => {
    const lines = gunzipSync(whole).toString().split('\n');
    expect(lines[0]).toBe('-- uptime-payroll books, backup version 1');
    expect(JSON.parse(lines[1]?.slice(3) ?? '')).toMatchObject({ books: { orchestrators: 0 } });
    expect(lines).toContain(
      'COPY "payments"."settlement_control" ("only_row", "paused", "reason", "actor", "changed_at") FROM stdin;',
    );
    expect(lines.at(-2)).toBe(`-- sha256 of the bytes of this file before this line: ${await open(whole)}`);
  });

  it('ends with a checksum of the length that the documentation gives', () => {
    const content = whole.subarray(0, -142);
    expect(gunzipSync(whole.subarray(-142)).toString()).toContain(
      createHash('sha256').update(content).digest('hex'),
    );
  });

  it('is refused wherever it is cut off', async () => {
    const lengths = [1, 2, 5, CHECKSUM_BYTES, CHECKSUM_BYTES + 1].flatMap((bytes) => [
      bytes,
      whole.length - bytes,
    ]);
    for (let length = 0; length < whole.length; length += 211) lengths.push(length);
    for (const length of lengths) {
      await expect(open(whole.subarray(0, length))).rejects.toThrow(
        /is damaged or incomplete|is not a backup/,
      );
    }
    await expect(open(whole.subarray(0, whole.length - 1))).rejects.toMatchObject({ fault: 'damaged' });
  });

  it('is refused when any bit of it is another one', async () => {
    // Every byte of both ends, where formats have bits that nobody reads, and a sample of the rest.
    for (let at = 0; at < whole.length; at += at < 64 || at > whole.length - CHECKSUM_BYTES - 64 ? 1 : 97) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      await expect(open(flipped)).rejects.toThrow(/is damaged or incomplete|is not a backup/);
    }
  });

  it('is refused with anything behind it', async () => {
    for (const more of ['x', whole, gzipSync('-- more\n')]) {
      await expect(open(Buffer.concat([whole, Buffer.from(more)]))).rejects.toMatchObject({
        fault: 'damaged',
      });
    }
  });

  it('of another version is refused by its number, whether or not the rest makes sense', async () => {
    const text = `-- uptime-payroll books, backup version 2\n${'.'.repeat(500)}`;
    const later = gzipSync(text, { level: 0 });
    await expect(open(later)).rejects.toMatchObject({ fault: 'version' });
    await expect(open(later)).rejects.toThrow(/of version 2; this program reads version 1/);
  });

  it.each([
    ['empty', ''],
    ['plain text', 'select 1;\n'.repeat(100)],
    ['another program’s dump', gzipSync('-- PostgreSQL database dump\n'.repeat(100))],
    ['zeros', Buffer.alloc(5_000)],
  ])('is not what is %s', async (_what, content) => {
    await expect(open(content)).rejects.toMatchObject({ fault: 'not_a_backup' });
  });

  it('is missing, and the message says which', async () => {
    await expect(BackupFile.open(join(copies.folder, 'none'))).rejects.toThrow(/ENOENT.*none/);
  });
});
