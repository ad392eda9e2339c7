import type { Payout } from '#payments';
import { z } from 'zod';
import type { CsvColumns } from './csv/csv-chunks.js';
import { toJson } from './json.js';
import {
  address,
  identifier,
  iso,
  isoOrNull,
  money,
  orchestratorInput,
  pageOf,
  pageQuery,
  time,
  usd,
} from './wire.js';

export const payoutStatus = z.enum(
  ['reserved', 'sent', 'mined', 'paid', 'returned', 'held'],
  'must be reserved, sent, mined, paid, returned or held',
);

const payoutFields = {
  id: identifier(),
  orchestrator_id: identifier(),
  payout_address: address().nullable(),
  amount_usd: money(),
  method: z.enum(['ledger', 'usdc', 'erc20']),
  status: payoutStatus,
  tx_hash: z
    .string()
    .nullable()
    .meta({ description: 'The transaction that carries it, null before it is sent' }),
  block_number: z.int().nullable().meta({ description: 'The block that holds it, null before it is mined' }),
  created_at: time(),
  paid_at: time().nullable(),
  hold_reason: z.string().nullable().meta({ description: 'Why it is held; null unless it is' }),
  outside_reference: z.string().nullable().meta({ description: 'Method `ledger`: where it was paid' }),
};

export const paymentSchema = z.object(payoutFields).meta({ id: 'Payment' });
export const paymentPage = pageOf(paymentSchema, 'PaymentPage');

export const paymentHistorySchema = z
  .object({
    ...payoutFields,
    settlements: z
      .array(z.unknown())
      .meta({ description: 'Each nonce that it was sent with, and what became of it' }),
    attempts: z.array(z.unknown()).meta({ description: 'Every signed version, with its hash and block' }),
    changes: z.array(z.unknown()).meta({ description: 'Every state it was in, and when' }),
  })
  .meta({ id: 'PaymentHistory' });

export const markPaidSchema = z
  .strictObject({
    reference: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(200)
      .meta({ example: 'SEPA 2026-11-22 0042' }),
  })
  .meta({ id: 'MarkPaid' });

export const paymentQuery = z.object({
  ...pageQuery,
  orchestrator_id: orchestratorInput().optional(),
  status: payoutStatus.optional().meta({ description: 'In this state now' }),
});

export function paymentToWire(payout: Payout): z.output<typeof paymentSchema> {
  return {
    id: payout.id,
    orchestrator_id: payout.orchestratorId,
    payout_address: payout.payoutAddress,
    amount_usd: usd(payout.amountMicroUsd),
    method: payout.method,
    status: payout.status,
    tx_hash: payout.txHash,
    block_number: payout.blockNumber === null ? null : Number(payout.blockNumber),
    created_at: iso(payout.createdAt),
    paid_at: isoOrNull(payout.paidAt),
    hold_reason: payout.holdReason,
    outside_reference: payout.outsideReference,
  };
}

export const paymentColumns: CsvColumns<Payout> = {
  id: ({ id }) => id,
  orchestrator_id: ({ orchestratorId }) => orchestratorId,
  payout_address: ({ payoutAddress }) => payoutAddress,
  amount_usd: ({ amountMicroUsd }) => amountMicroUsd,
  method: ({ method }) => method,
  status: ({ status }) => status,
  tx_hash: ({ txHash }) => txHash,
  block_number: ({ blockNumber }) => (blockNumber === null ? null : Number(blockNumber)),
  created_at: ({ createdAt }) => createdAt,
  paid_at: ({ paidAt }) => paidAt,
  hold_reason: ({ holdReason }) => holdReason,
  outside_reference: ({ outsideReference }) => outsideReference,
};

/** Attempts and changes leave as they are kept: an auditor reads them, no program of ours does. */
export const historyToWire = (items: readonly unknown[]): unknown[] => items.map(toJson);
