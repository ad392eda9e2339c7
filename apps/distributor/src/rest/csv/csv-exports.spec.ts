import { describe, expect, it } from '@jest/globals';
import { text } from 'node:stream/consumers';
import { CsvExports, type CsvSource } from './csv-exports.js';

const columns = { number: (row: number) => row };

class Source implements CsvSource<number> {
  closed = 0;
  readonly batches: AsyncIterable<number[]>;

  constructor(rows: AsyncIterable<number[]> = numbers(2)) {
    this.batches = rows;
  }

  async close() {
    this.closed += 1;
  }
}

async function* numbers(count: number) {
  for (let number = 0; number < count; number += 1) yield [number];
}

async function* broken() {
  yield [1];
  throw new Error('the database went away');
}

const send = (exports: CsvExports, source: Source, name = 'file') =>
  exports.send({ open: () => Promise.resolve(source), columns, nameOf: () => name });

describe('files of CSV', () => {
  it('carry their type and a name that no header breaks at', async () => {
    const { file } = await send(new CsvExports(), new Source(), 'a "b"\r\nc/d.e');
    expect(file.getHeaders()).toMatchObject({
      type: 'text/csv; charset=utf-8; header=present',
      disposition: 'attachment; filename="a_b_c_d.e.csv"',
    });
    file.getStream().destroy();
  });

  it('close what they were made from when they were read', async () => {
    const source = new Source();
    const { file } = await send(new CsvExports(), source);
    expect(await text(file.getStream())).toBe('number\r\n0\r\n1\r\n');
    expect(source.closed).toBe(1);
  });

  it('close it when the reader goes away, even before the first byte', async () => {
    const source = new Source();
    const { file } = await send(new CsvExports(), source);
    const closed = new Promise((resolve) => file.getStream().once('close', resolve));
    file.getStream().destroy();
    await closed;
    expect(source.closed).toBe(1);
  });

  it('break off when reading fails, and close', async () => {
    const source = new Source(broken());
    const { file } = await send(new CsvExports(), source);
    await expect(text(file.getStream())).rejects.toThrow('the database went away');
    expect(source.closed).toBe(1);
  });

  it('are four at once; a fifth is told to come back, and may when one is done', async () => {
    const exports = new CsvExports();
    const sent = await Promise.all(Array.from({ length: 4 }, () => send(exports, new Source())));
    await expect(send(exports, new Source())).rejects.toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
    });
    for (const { file } of sent) await text(file.getStream());
    const { file } = await send(exports, new Source());
    expect(await text(file.getStream())).toContain('0');
  });

  it('give their place back when they cannot be made', async () => {
    const exports = new CsvExports();
    const open = () => Promise.reject(new Error('no such orchestrator'));
    for (let time = 0; time < 6; time += 1) {
      await expect(exports.send({ open, columns, nameOf: () => 'x' })).rejects.toThrow(
        'no such orchestrator',
      );
    }
  });
});
