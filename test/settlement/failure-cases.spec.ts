import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const settlement = 'libs/payments/src/settlement';
const mostReasons = 5;

const row = /^\| (\d+) +\| (.+?) +\| (.+?) +\|$/;
const testOf = /^`([^`]+\.spec\.ts)`: (.+)$/;

/** The table of docs/settlement.md. */
const cases = readFileSync(`${root}docs/settlement.md`, 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, number, what, answer] = row.exec(line) ?? [];
    return number === undefined || what === undefined || answer === undefined
      ? []
      : [{ number: Number(number), what, answer }];
  });

const isReason = ({ answer }: { answer: string }) => answer.startsWith('Reason: ');

describe('the failure cases of settlement', () => {
  it('are forty, each named once, at most five of them answered by a reason', () => {
    expect(cases.map(({ number }) => number)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(cases.filter(isReason).length).toBeLessThanOrEqual(mostReasons);
  });

  it.each(cases.filter((each) => !isReason(each)))(
    '$number, "$what", is the test that the table names',
    ({ answer }) => {
      const [, file = '', title = ''] = testOf.exec(answer) ?? [];
      const path = file.includes('/') ? file : `${settlement}/${file}`;
      expect(readFileSync(root + path, 'utf8')).toContain(title);
    },
  );
});
