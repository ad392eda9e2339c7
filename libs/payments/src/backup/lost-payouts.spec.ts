import { describe, expect, it } from '@jest/globals';

import { authorizationNonce } from '../chain/authorization.js';
import { payoutId } from '../payouts/payout-id.js';
import { assetOf, findLostPayouts } from './lost-payouts.js';

const ledgerId = '939aacf8-8825-46c0-aa36-2415b330c656';
const treasury = { chainId: 1n, tokenAddress: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48' };
const [one, two] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

const nonceOf = (orchestratorId: string, number: bigint, ledger = ledgerId): string =>
  authorizationNonce(
    treasury.chainId,
    treasury.tokenAddress,
    ledger,
    payoutId(ledger, orchestratorId, assetOf(treasury), number),
  );

const numbersOf = (nonces: string[], orchestrators: { id: string; lastNumber: bigint }[]) =>
  findLostPayouts(ledgerId, treasury, new Set(nonces), orchestrators).map(({ orchestratorId, number }) => [
    orchestratorId,
    number,
  ]);

describe('lost payouts', () => {
  it('are found by counting on from the last known one of each orchestrator, over numbers that were never paid', () => {
    const nonces = [
      nonceOf(one, 8n),
      nonceOf(one, 9n),
      nonceOf(one, 30n),
      nonceOf(one, 60n),
      nonceOf(two, 1n),
    ];
    const orchestrators = [
      { id: one, lastNumber: 7n },
      { id: two, lastNumber: 0n },
    ];
    expect(numbersOf(nonces, orchestrators)).toEqual([
      [one, 8n],
      [one, 9n],
      [one, 30n],
      [one, 60n],
      [two, 1n],
    ]);
  });

  it('are none of another ledger, of another orchestrator, or far beyond the last one', () => {
    const other = 'aaaaaaaa-8825-46c0-aa36-2415b330c656';
    const nonces = [nonceOf(one, 1n, other), nonceOf(two, 1n), nonceOf(one, 1_000n)];
    expect(numbersOf(nonces, [{ id: one, lastNumber: 0n }])).toEqual([]);
  });
});
