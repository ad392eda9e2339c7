import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { BlockReader } from './block-reader.js';
import { countRows } from './count-rows.js';

async function* inPieces(text: string, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes.length === 0 ? bytes.length : (sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function rowsOf(reader: BlockReader): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of reader.rows()) {
    expect(chunk.at(-1)).toBe(10); // whole rows only
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

describe('the text of a backup', () => {
  it('is read the same in whatever pieces it arrives, with rows that almost look like the end of a block', async () => {
    // As COPY writes it: a backslash in a value is doubled.
    const row = fc.constantFrom('1\tone', '\\\\.', '\\\\.\\\\', '', '\\N', '.', 'é€😀', 'x'.repeat(300));
    const blocks = fc.array(fc.array(row, { maxLength: 6 }), { minLength: 1, maxLength: 4 });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(blocks, sizes, async (expected, pieces) => {
        const block = (rows: string[], index: number) =>
          `COPY ${index}\n${rows.map((each) => `${each}\n`).join('')}\\.\n`;
        const reader = new BlockReader(inPieces(expected.map(block).join(''), pieces));
        for (const [index, rows] of expected.entries()) {
          expect(await reader.line()).toBe(`COPY ${index}`);
          const text = await rowsOf(reader);
          expect(text).toBe(rows.map((each) => `${each}\n`).join(''));
          expect(countRows(Buffer.from(text))).toBe(rows.length);
        }
        expect(await reader.line()).toBeUndefined();
      }),
    );
  });

  it('is refused when it ends within a block', async () => {
    const reader = new BlockReader(inPieces('1\n2\n', []));
    await expect(rowsOf(reader)).rejects.toThrow(/end before the end of their block/);
  });
});
