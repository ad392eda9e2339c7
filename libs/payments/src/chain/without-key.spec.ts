import { describe, expect, it } from '@jest/globals';

import { withoutKey } from './without-key.js';

describe('what a node says', () => {
  it.each([
    'https://arb.example/v2/Kx9abcdefghij',
    'https://arb.example/?apikey=Kx9abcdefghij',
    'https://someone:Kx9abcdefghij@arb.example',
    'https://Kx9abcdefghij@arb.example/rpc',
  ])('is told without the key in %s', (url) => {
    expect(withoutKey('over quota: /v2/Kx9abcdefghij, see arb.example', url)).toBe(
      'over quota: /v2/[redacted], see arb.example',
    );
  });

  it('stays as it is otherwise', () => {
    expect(withoutKey('rpc v2: nonce too low', 'https://arb.example/rpc/v2')).toBe('rpc v2: nonce too low');
  });
});
