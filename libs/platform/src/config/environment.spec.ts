import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { ConfigurationError, parseEnvironment } from './environment.js';
import { readSecret } from './secrets.js';
import { variables } from './variables.js';

const schema = z.object({
  PORT: variables.port(8010),
  NAMES: variables.list(['a']),
  URL: variables.httpUrl().optional(),
  SHARE: variables.percentBasisPoints('95'),
  FLAG: variables.flag(false),
  EVERY: variables.seconds(60, { min: 1, max: 3600 }),
  PASSWORD: variables.text(),
});

function faultsOf(environment: Record<string, string>) {
  try {
    parseEnvironment(schema, environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
  }
  throw new Error('no fault was found');
}

describe('the environment', () => {
  it('is parsed with its defaults', () => {
    expect(parseEnvironment(schema, { PASSWORD: 'x' })).toEqual({
      PORT: 8010,
      NAMES: ['a'],
      SHARE: 9500n,
      FLAG: false,
      EVERY: 60,
      PASSWORD: 'x',
    });
  });

  it('treats an empty variable as absent', () => {
    expect(parseEnvironment(schema, { PASSWORD: 'x', PORT: '', URL: ' ' })).toMatchObject({ PORT: 8010 });
  });

  it('reports every fault at once, each with its variable', () => {
    const faults = faultsOf({ PORT: '80x', URL: 'ftp://a', SHARE: '101', FLAG: 'yes', EVERY: '0' });
    expect(faults.map(({ variable }) => variable).sort()).toEqual([
      'EVERY',
      'FLAG',
      'PASSWORD',
      'PORT',
      'SHARE',
      'URL',
    ]);
    expect(faults).toContainEqual({ variable: 'PASSWORD', message: 'is required' });
    expect(faults).toContainEqual({ variable: 'FLAG', message: 'must be true or false' });
  });

  it('reads percentages as basis points without a float', () => {
    const share = (SHARE: string) => parseEnvironment(schema, { PASSWORD: 'x', SHARE }).SHARE;
    expect([share('99.5'), share('0.07'), share('100'), share('33.33')]).toEqual([9950n, 7n, 10_000n, 3333n]);
  });

  it('reads lists without blanks and URLs without trailing slashes', () => {
    const parsed = parseEnvironment(schema, { PASSWORD: 'x', NAMES: ' a, b ,,c', URL: 'https://h:9995//' });
    expect(parsed).toMatchObject({ NAMES: ['a', 'b', 'c'], URL: 'https://h:9995' });
  });

  it('reads a secret from a file, and names the file when it cannot', () => {
    expect(readSecret('value', '/nowhere')).toBe('value');
    expect(() => readSecret(undefined, '/nowhere/secret')).toThrow(/\/nowhere\/secret/);
  });
});
