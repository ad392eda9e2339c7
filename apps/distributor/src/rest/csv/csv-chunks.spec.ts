import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { csvChunks, type CsvValue } from './csv-chunks.js';

interface Row {
  text: string | null;
  amount: bigint;
}

async function* batches(...groups: Row[][]) {
  yield* groups;
}

async function write(...groups: Row[][]): Promise<string> {
  const columns: Record<string, (row: Row) => CsvValue> = {
    text: ({ text }) => text,
    amount_usd: ({ amount }) => amount,
  };
  const chunks: Buffer[] = [];
  for await (const chunk of csvChunks(columns, batches(...groups))) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const textsOf = (file: string): unknown[] => parse(file, { from: 2 }).map(([text]) => text);

describe('a CSV file', () => {
  it('has one header row, and ends each row with CRLF', async () => {
    const row = { text: 'a', amount: 1n };
    expect(await write([row], [], [row, row])).toBe(
      'text,amount_usd\r\na,0.000001\r\na,0.000001\r\na,0.000001\r\n',
    );
  });

  it('has its header row also when it has no other', async () => {
    expect(await write()).toBe('text,amount_usd\r\n');
  });

  it.each(['a,b', 'say "x"', 'two\nlines', 'two\r\nlines', ' spaces ', 'ümläut 日本語 🎬', "'", '""'])(
    'gives back what was put in: %j',
    async (text) => {
      expect(textsOf(await write([{ text, amount: 0n }]))).toEqual([text]);
    },
  );

  it.each(['=1+1', '+1', '-1+1', '@sum(a1)', '\t=1', '\r=1', '=HYPERLINK("http://x","y")', '＝1'])(
    'keeps a spreadsheet from running %j',
    async (text) => {
      expect(textsOf(await write([{ text, amount: 0n }]))).toEqual([`'${text}`]);
    },
  );

  it('leaves an amount a number, below zero too', async () => {
    const file = await write([{ text: null, amount: -10_000_000n }]);
    expect(file).toBe('text,amount_usd\r\n,-10.000000\r\n');
    expect(parse(file, { columns: true, cast: true })).toEqual([{ text: '', amount_usd: -10 }]);
  });
});
