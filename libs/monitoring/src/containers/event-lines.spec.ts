import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { parseEventLine } from './engine-answers.js';
import { LineSplitter } from './event-lines.js';

const event = (changes: object = {}) => ({
  Type: 'container',
  Action: 'die',
  Actor: { ID: 'c'.repeat(64), Attributes: { name: 'redis_scb', image: 'redis' } },
  scope: 'local',
  time: 1_795_351_315,
  ...changes,
});

const line = (changes: object = {}, nano = '1795351315416440768') =>
  `${JSON.stringify(event(changes)).slice(0, -1)},"timeNano":${nano}}`;

describe('event stream', () => {
  it('gives the same lines however the bytes are cut, in the middle of a character too', () => {
    const lines = fc.array(
      fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => JSON.stringify(text)),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(lines, fc.array(fc.nat(30)), (documents, cuts) => {
        const bytes = Buffer.from(documents.map((document) => `${document}\n`).join(''));
        const splitter = new LineSplitter();
        const seen: (string | null)[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          seen.push(...splitter.push(bytes.subarray(at, at + cut)));
          at += cut;
        }
        if (at < bytes.length) seen.push(...splitter.push(bytes.subarray(at)));
        expect(seen).toEqual(documents);
      }),
    );
  });

  it('accepts blank lines, carriage returns and record separators', () => {
    expect(new LineSplitter().push(Buffer.from('\n\u001e{"a":1}\r\n\r\n{"b":2}\n{'))).toEqual([
      '{"a":1}',
      '{"b":2}',
    ]);
  });

  it('drops a line without end and goes on with the next', () => {
    const splitter = new LineSplitter();
    const megabyte = Buffer.alloc(1_048_576, 'x');
    expect(splitter.push(megabyte)).toEqual([]);
    expect(splitter.push(megabyte)).toEqual([]);
    expect(splitter.push(Buffer.from('x\n{"a":1}\n'))).toEqual([null, '{"a":1}']);
  });

  it('keeps every nanosecond of the time', () => {
    expect(parseEventLine(line())).toEqual({
      action: 'die',
      containerId: 'c'.repeat(64),
      name: 'redis_scb',
      timeNano: 1_795_351_315_416_440_768n,
      key: `1795351315416440768 die ${'c'.repeat(64)}`,
    });
  });

  it('is not deceived by a label that looks like the time', () => {
    const Attributes = { name: 'redis_scb', timeNano: '1', x: '"timeNano":2,', 'y"timeNano":3,': 'z' };
    const parsed = parseEventLine(line({ Actor: { ID: 'c1', Attributes } }));
    expect(parsed?.timeNano).toBe(1_795_351_315_416_440_768n);
  });

  it.each([
    ['no JSON', '{"Type":"container"'],
    ['another type', line({ Type: 'image' })],
    ['no actor', line({ Actor: undefined })],
    ['no time', JSON.stringify(event())],
    ['a time in words', line({}, '"soon"')],
    ['a negative time', line({}, '-5')],
    ['a list', '[]'],
    ['null', 'null'],
  ])('does not understand %s', (_case, text) => {
    expect(parseEventLine(text)).toBeUndefined();
  });
});
