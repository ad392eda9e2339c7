import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folders = ['libs/livepeer/testing/', 'libs/livepeer/src/'];
const rows = [
  ...readFileSync(file('docs/livepeer.md'), 'utf8').matchAll(
    /^\| (\d+) +\|[^|]+\|[^|]+\| ([a-z, -]+?) +\|$/gm,
  ),
].map(([, number = '', specs = '']) => ({ number: Number(number), specs: specs.split(', ') }));

const textOf = (spec: string) => {
  const folder = folders.find((each) => readdirSync(file(each)).includes(`${spec}.spec.ts`));
  return folder === undefined ? '' : readFileSync(file(`${folder}${spec}.spec.ts`), 'utf8');
};

describe('the table of behaviours in docs/livepeer.md', () => {
  it('has all 37, in their order', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 37 }, (_, index) => index + 1));
  });

  it.each(rows)('names tests of behaviour $number that exist, at both versions', ({ number, specs }) => {
    const [first = '', ...others] = specs.map(textOf);
    // The number stands at the front of a test's name, alone or among others.
    expect(first).toMatch(new RegExp(`'(?:\\d+, )*${number}(?:, \\d+)*: `));
    expect(first).toContain("describe.each<Profile>(['pr-3650', 'master'])");
    expect(others).not.toContain('');
  });
});
