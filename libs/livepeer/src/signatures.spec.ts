import { describe, expect, it } from '@jest/globals';
import { Wallet, getBytes, keccak256, toUtf8Bytes } from 'ethers';
import fc from 'fast-check';

import { jobMessage, recoverSigner, signMessage, tokenMessage } from './signatures.js';

/** The test vector of section 3 of the reference. */
const privateKey = `0x${'11'.repeat(32)}`;
const address = '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A';
const tokenSignature =
  '0xc72ccad1173c225d8b9821b2276345c0c50fed7e62fed0a0570cd1f2e24a5e5f0de5a214a0360937d9ea58c8ebf6d92217ab038fb41d96e3bcc6b486cce020b81c';
const jobSignature =
  '0x36f88103ce9271a765f952266311c0926ca9b03ec0bf521b0d95af8c1efd29ca7c6c43f78d5add5075e2b28a277ffff2871079e6cbcbd09dcec43d1b0a5b1ac01b';
const message = jobMessage('{"run":"agent-net"}', '{}');

describe('signatures of go-livepeer', () => {
  it('are the test vector, byte for byte', () => {
    expect(message).toBe('{"run":"agent-net"}{}');
    expect(signMessage(privateKey, message)).toBe(jobSignature);
    expect(signMessage(privateKey, tokenMessage(address))).toBe(tokenSignature);
    expect(recoverSigner(message, jobSignature)).toBe(address);
    expect(recoverSigner(address, tokenSignature)).toBe(address);
  });

  it('are what ethers makes of the hash of any message', async () => {
    const wallet = new Wallet(privateKey);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        const expected = await wallet.signMessage(getBytes(keccak256(toUtf8Bytes(text))));
        expect(signMessage(privateKey, text)).toBe(expected);
        expect(recoverSigner(text, expected)).toBe(address);
      }),
      { numRuns: 20 },
    );
  });

  it('lose their first two characters only when longer than 130', () => {
    expect(recoverSigner(message, jobSignature.slice(2))).toBe(address);
    expect(recoverSigner(message, `xx${jobSignature.slice(2)}`)).toBe(address);
    expect(recoverSigner(message, '0x')).toBeUndefined();
    expect(recoverSigner(message, jobSignature.slice(0, 130))).toBeUndefined();
  });

  it('with a high s, or with a v of 0 or 1, are refused', () => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = BigInt(`0x${jobSignature.slice(66, 130)}`);
    const highS = jobSignature.slice(0, 66) + (order - s).toString(16).padStart(64, '0');
    expect(recoverSigner(message, `${highS}1c`)).toBeUndefined();
    expect(recoverSigner(message, `${jobSignature.slice(0, 130)}00`)).toBeUndefined();
  });

  it('are low up to half of the order exactly', () => {
    const half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
    const withS = (s: bigint): string => `${jobSignature.slice(0, 66)}${s.toString(16).padStart(64, '0')}1b`;
    expect(recoverSigner(message, withS(half))).toMatch(/^0x/);
    expect(recoverSigner(message, withS(half + 1n))).toBeUndefined();
  });

  it('of another message come from somebody else', () => {
    expect(recoverSigner(`${message} `, jobSignature)).not.toBe(address);
  });
});
