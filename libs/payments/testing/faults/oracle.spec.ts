import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';

import type { SeenPayment } from './distributor-api.js';
import type { Payee } from './fault-books.js';
import type { SeenTransfer } from './fault-chain.js';
import { type Books, overpaid, wrongAtTheEnd } from './oracle.js';

const payee = (address: string, owedMicroUsd: bigint): Payee => ({ id: randomUUID(), address, owedMicroUsd });
const transfer = (to: string, microUsd: bigint, txHash = '0x1'): SeenTransfer => ({ to, microUsd, txHash });
const payment = (to: string, amount: bigint, change: Partial<SeenPayment> = {}): SeenPayment => ({
  ...{ id: randomUUID(), orchestrator_id: randomUUID(), payout_address: to, amount_usd: amount },
  ...{ status: 'paid', tx_hash: '0x1', hold_reason: null },
  ...change,
});

const sound: Books = {
  payees: [payee('0xA', 10n), payee('0xb', 5n)],
  transfers: [transfer('0xa', 4n), transfer('0xa', 6n, '0x2'), transfer('0xb', 5n)],
  payments: [payment('0xA', 4n), payment('0xA', 6n, { tx_hash: '0x2' }), payment('0xb', 5n)],
  balances: [{ orchestrator_id: randomUUID(), payable_usd: 0n, in_settlement_usd: 0n, paid_usd: 10n }],
  reconciliation: { ok: true, differences: [] },
};

describe('the oracle of the torture', () => {
  it('finds nothing where everybody has what was earned', () => {
    expect(wrongAtTheEnd(sound)).toEqual([]);
    expect(overpaid(sound.transfers, sound.payees)).toEqual([]);
  });

  it.each<[string, Partial<Books>, RegExp]>([
    [
      'a payout that was paid twice',
      { transfers: [...sound.transfers, transfer('0xb', 5n, '0x3')] },
      /^0xb was paid \$0\.000010 but earned \$0\.000005$/,
    ],
    [
      'a second payment that the API does not tell',
      { transfers: [...sound.transfers, transfer('0xb', 5n, '0x3')] },
      /^the chain paid, the API does not say so: \$0\.000005 to 0xb in 0x3$/,
    ],
    [
      'a payment to somebody who earned nothing',
      { transfers: [...sound.transfers, transfer('0xc', 1n)] },
      /^0xc was paid \$0\.000001 but earned \$0\.000000$/,
    ],
    [
      'a payout that was lost',
      { transfers: sound.transfers.slice(0, 2) },
      /^0xb earned \$0\.000005 but was paid \$0\.000000$/,
    ],
    [
      'a payout told as paid in another tx',
      { payments: [...sound.payments.slice(0, 2), payment('0xb', 5n, { tx_hash: '0x9' })] },
      /^the API says paid, the chain does not: \$0\.000005 to 0xb in 0x9$/,
    ],
    [
      'a payout that is stuck',
      { payments: [...sound.payments, payment('0xb', 5n, { status: 'sent' })] },
      /of \$0\.000005 is sent$/,
    ],
    [
      'a payout that is held, with its reason',
      { payments: [...sound.payments, payment('0xb', 5n, { status: 'held', hold_reason: 'a whim' })] },
      /is held a whim$/,
    ],
    [
      'a debt that became no payout',
      { balances: [{ orchestrator_id: 'x', payable_usd: 3n, in_settlement_usd: 0n, paid_usd: 0n }] },
      /^x has a balance that is not paid$/,
    ],
    [
      'what the reconciliation names',
      { reconciliation: { ok: false, differences: [{ account: 'treasury', detail: 'too little' }] } },
      /^the reconciliation names treasury: too little$/,
    ],
    [
      'a reconciliation that says no and names nothing',
      { reconciliation: { ok: false, differences: [] } },
      /^the reconciliation is not ok$/,
    ],
  ])('finds %s', (_, change, said) => {
    expect(wrongAtTheEnd({ ...sound, ...change })).toContainEqual(expect.stringMatching(said));
  });
});
