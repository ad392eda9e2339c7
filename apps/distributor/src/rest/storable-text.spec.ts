import { describe, expect, it } from '@jest/globals';
import { unstorableField } from './storable-text.js';

describe('text that no database stores', () => {
  it.each([
    [{ reason: 'a\0b' }, 'reason'],
    [{ a: [{ b: 'x' }, { b: '\ud800' }] }, 'a[1].b'],
    [{ a: '\udc00x' }, 'a'],
    ['\0', ''],
    [{ 'a\0': 1 }, ''],
  ])('is found in %j', (value, field) => {
    expect(unstorableField(value)).toBe(field);
  });

  it.each([[{ reason: '💸 ünïcode \u202e' }], [null], [7], [[]], [undefined]])(
    'is not seen in %j',
    (value) => {
      expect(unstorableField(value)).toBeUndefined();
    },
  );
});
