import { describe, expect, it } from '@jest/globals';

import { classifyFailure, classifyRefusal, mostTelling } from './broadcast-outcome.js';
import { RpcRefusal, RpcSilence } from './rpc-error.js';

describe('what a node answers to a raw tx', () => {
  it.each([
    ['already known', 'known'],
    ['transaction already imported', 'known'],
    ['Known transaction: 0xabc', 'known'],
    ['ALREADY_EXISTS: already known', 'known'],
    ['unknown transaction type', 'ambiguous'],
    ['nonce too low: next nonce 7, tx nonce 3', 'nonce-too-low'],
    ['Nonce too low. Expected nonce to be 7 but got 3.', 'nonce-too-low'],
    ['nonce too high', 'nonce-too-high'],
    ['replacement transaction underpriced', 'replacement-underpriced'],
    ['transaction underpriced', 'fee-too-low'],
    ['max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1, baseFee: 2', 'fee-too-low'],
    ['insufficient funds for gas * price + value', 'insufficient-funds'],
    ["sender doesn't have enough funds to send tx", 'insufficient-funds'],
    ['Insufficient funds for gas * price + value', 'insufficient-funds'],
    ['intrinsic gas too low', 'terminal'],
    ['invalid chain id for signer', 'terminal'],
    ['context deadline exceeded', 'ambiguous'],
    ['internal error', 'ambiguous'],
  ] as const)('%s → %s', (reason, expected) => {
    expect(classifyRefusal(reason)).toBe(expected);
  });

  it('leaves it open after silence', () => {
    expect(classifyFailure(new RpcSilence('eth_sendRawTransaction', 'node', 'ECONNRESET'))).toBe('ambiguous');
    expect(classifyFailure(new RpcRefusal('eth_sendRawTransaction', 'node', -32_000, 'already known'))).toBe(
      'known',
    );
  });

  it('is believed of the node that has the tx when several are asked', () => {
    expect(mostTelling(['insufficient-funds', 'accepted', 'ambiguous'])).toBe('accepted');
    expect(mostTelling(['terminal', 'ambiguous'])).toBe('ambiguous');
    expect(mostTelling([])).toBe('ambiguous');
  });
});
