import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Writable } from 'node:stream';

import { FactLogger } from './fact-logger.js';
import { createLogger, type LogFormat } from './logger.js';

function capture(format: LogFormat, secrets: string[] = []) {
  const lines: string[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  Logger.overrideLogger(createLogger({ format, secrets, destination }));
  return lines;
}

afterEach(() => {
  Logger.overrideLogger(false);
});

describe('the log', () => {
  it('is one JSON line per fact, with its fields beside the message', () => {
    const lines = capture('json');
    new FactLogger('books').info('period assessed', { amountMicroUsd: 10_000_000n, decision: 'paid' });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines.join(''))).toMatchObject({
      level: 'info',
      context: 'books',
      message: 'period assessed',
      amountMicroUsd: '10000000',
      decision: 'paid',
    });
  });

  it('tells an error with its cause', () => {
    const lines = capture('json');
    new FactLogger('chain').error('payout failed', new Error('outer', { cause: new Error('inner') }), {
      id: 7,
    });
    expect(JSON.parse(lines.join(''))).toMatchObject({
      level: 'error',
      error: 'outer',
      cause: 'inner',
      id: 7,
    });
  });

  it.each(['json', 'pretty'] as const)('never prints a secret (%s)', (format) => {
    const lines = capture(format, ['correct horse']);
    new FactLogger('x').info('connected', { url: 'postgres://me:correct horse@host' });
    new FactLogger('x').error('failed', new Error('denied for correct horse'));
    expect(lines.join('')).not.toMatch(/correct horse/);
    expect(lines.join('')).toMatch(/\[redacted\]/);
  });

  it.each(['json', 'pretty'] as const)(
    'never prints a secret that JSON spells in another way (%s)',
    (format) => {
      const lines = capture(format, ['pass"word\\1']);
      new FactLogger('x').error('failed', new Error('denied for pass"word\\1'));
      expect(lines.join('')).toMatch(/denied for \[redacted\]/);
    },
  );

  it('never prints the password of a URL, also one that nobody named a secret', () => {
    const lines = capture('json');
    new FactLogger('x').error('failed', new Error('GET https://user:hunter22@node.example/v1 answered 401'));
    new FactLogger('x').info('asked', { url: 'http://worker.example:9876/reports?to=a@b' });
    expect(lines[0]).toMatch(/https:\/\/user:\[redacted\]@node\.example/);
    expect(lines[1]).toMatch(/http:\/\/worker\.example:9876\/reports\?to=a@b/);
  });

  it('leaves out what the framework says about its own start', () => {
    const lines = capture('json');
    new Logger('RouterExplorer').log('Mapped {/health, GET} route');
    new Logger('RouterExplorer').error('no such provider');
    new Logger('books').log('books opened');
    expect(lines.join('')).not.toMatch(/Mapped/);
    expect(lines).toHaveLength(2);
  });

  it('is for people when asked', () => {
    const lines = capture('pretty');
    new FactLogger('books').info('period assessed', { decision: 'paid' });
    expect(lines.join('')).toMatch(/INFO.*period assessed.*paid/);
  });
});
