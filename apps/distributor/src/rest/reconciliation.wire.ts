import type { ForeignPayment, ReconciliationReport, ReconciliationRun } from '#payments';
import { z } from 'zod';
import { address, identifier, iso, money, pageOf, pageQuery, time, usd } from './wire.js';

const txHash = () =>
  z
    .string()
    .regex(/^0x[0-9a-f]{64}$/, 'must be the hash of a tx')
    .meta({ example: `0x${'ab'.repeat(32)}` });

const comparison = {
  ok: z.boolean().meta({ description: 'No differences' }),
  checked_at_block: z
    .int()
    .nullable()
    .meta({ description: 'The final block that was compared; null without a chain' }),
  accounts: z
    .array(
      z.object({
        account: z
          .string()
          .meta({ example: 'asset:treasury:42161:0xaf88d065e77c8cc2239327c5edb3a432268e5831' }),
        unit: z.enum(['usd', 'gwei']),
        ledger: z.string().meta({ description: 'In dollars or gwei', example: '9990.000000' }),
        chain: z.string().meta({ example: '9990.000000' }),
      }),
    )
    .meta({ description: 'The treasury, the gas payer, and what was paid to each payee' }),
  differences: z
    .array(
      z.object({
        account: z.string().meta({ example: 'liability:in_settlement:019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11' }),
        ledger_usd: money(),
        chain_usd: money(),
        detail: z.string().meta({ description: 'What differs, for people' }),
      }),
    )
    .meta({ description: 'What is final on the chain and not posted yet is no difference' }),
};

export const reconciliationSchema = z.object(comparison).meta({ id: 'Reconciliation' });

export const runSchema = z
  .object({
    id: identifier(),
    at: time(),
    cause: z.enum(['hourly', 'demand']),
    actor: z.string().meta({ description: 'Who asked for it', example: 'admin' }),
    ...comparison,
  })
  .meta({ id: 'ReconciliationRun' });
export const runPage = pageOf(runSchema, 'ReconciliationRunPage');
export const runQuery = z.object(pageQuery);

export const unknownPaymentSchema = z
  .object({
    tx_hash: txHash(),
    log_index: z.int().meta({ description: 'Of its Transfer in the block', example: 3 }),
    block_number: z.int().meta({ example: 287_654_321 }),
    block_time: time(),
    to_address: address(),
    amount_usd: money(),
    authorization_nonce: z.string().nullable().meta({ description: 'Null for a plain transfer' }),
  })
  .meta({ id: 'UnknownPayment' });
export const unknownPayments = z
  .object({ items: z.array(unknownPaymentSchema) })
  .meta({ id: 'UnknownPayments' });

export const explanationSchema = z
  .strictObject({
    tx_hash: txHash(),
    log_index: z.int().min(0, 'must not be below zero').meta({ example: 3 }),
    orchestrator_id: z.uuid('must be a UUID').optional().meta({
      description: 'Whose payout it was (method `erc20`); absent: it was taken out of the treasury',
    }),
    reason: z
      .string()
      .trim()
      .min(3, 'must say why')
      .max(500)
      .meta({ example: 'Moved to the new treasury by the board' }),
  })
  .meta({ id: 'PaymentExplanation' });

export const reportToWire = (report: ReconciliationReport): z.output<typeof reconciliationSchema> => ({
  ok: report.ok,
  checked_at_block: report.checkedAtBlock === null ? null : Number(report.checkedAtBlock),
  accounts: report.accounts.map(({ account, unit, ledger, chain }) => ({
    account,
    ...(unit === 'gwei'
      ? { unit, ledger: ledger.toString(), chain: chain.toString() }
      : { unit: 'usd' as const, ledger: usd(ledger), chain: usd(chain) }),
  })),
  differences: report.differences.map(({ account, ledgerMicroUsd, chainMicroUsd, detail }) => ({
    account,
    ledger_usd: usd(ledgerMicroUsd),
    chain_usd: usd(chainMicroUsd),
    detail,
  })),
});

export const runToWire = (run: ReconciliationRun): z.output<typeof runSchema> => ({
  ...{ id: run.id, at: iso(run.at), cause: run.cause, actor: run.actor },
  ...reportToWire(run),
});

export const unknownToWire = (payment: ForeignPayment): z.output<typeof unknownPaymentSchema> => ({
  tx_hash: payment.txHash,
  log_index: Number(payment.logIndex),
  block_number: Number(payment.blockNumber),
  block_time: iso(payment.blockTime),
  to_address: payment.toAddress,
  amount_usd: usd(payment.amountMicroUsd),
  authorization_nonce: payment.authorizationNonce,
});
