import { describe, expect, it } from '@jest/globals';
import { keccak256 } from 'ethers';

import { authorizationNonce } from '../chain/authorization.js';
import { payoutId, uuidV5 } from './payout-id.js';

const ledgerId = '11111111-2222-4333-8444-555555555555';

describe('the identity of a payout', () => {
  it('is a UUID of version 5', () => {
    // RFC 9562, appendix A.4.
    expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });

  it('differs with each thing that it is made of', () => {
    const other = '99999999-2222-4333-8444-555555555555';
    const ids = [
      payoutId(ledgerId, other, 'ledger', 1n),
      payoutId(other, other, 'ledger', 1n),
      payoutId(ledgerId, ledgerId, 'ledger', 1n),
      payoutId(ledgerId, other, 'usdc:1:0x0', 1n),
      payoutId(ledgerId, other, 'ledger', 2n),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(payoutId(ledgerId, other, 'ledger', 1n)).toBe(ids[0]);
  });

  it('becomes the authorization nonce that the public contract names', () => {
    const token = '0xaf88d065e77c8cC2239327C5EDb3A432268e5831';
    const id = '2ed6657d-e927-568b-95e1-2665a8aea6a2';
    // abi.encode(uint256, address, bytes16, bytes16), written out by hand: bytes16 is padded on the right.
    const encoded = [
      42_161n.toString(16).padStart(64, '0'),
      token.slice(2).toLowerCase().padStart(64, '0'),
      ledgerId.replaceAll('-', '').padEnd(64, '0'),
      id.replaceAll('-', '').padEnd(64, '0'),
    ].join('');
    expect(authorizationNonce(42_161n, token, ledgerId, id)).toBe(keccak256(`0x${encoded}`));
    expect(() => authorizationNonce(42_161n, token, ledgerId, 'nonsense')).toThrow('is not a UUID');
  });
});
