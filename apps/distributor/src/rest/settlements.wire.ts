import type { NodeHealth, RunwayReport, SettlementRecord } from '#payments';
import { z } from 'zod';
import { address, identifier, iso, isoOrNull, money, pageOf, pageQuery, time, usd } from './wire.js';

const wei = () => z.string().regex(/^\d+$/).meta({ description: 'In wei', example: '21000000000000' });
const hash = () =>
  z
    .string()
    .regex(/^0x[0-9a-f]{64}$/)
    .meta({ example: `0x${'ab'.repeat(32)}` });

export const settlementQuery = z.object({
  ...pageQuery,
  status: z
    .enum(['open', 'final'], 'must be open or final')
    .optional()
    .meta({ description: 'Open until its outcome is final' }),
});

export const settlementSchema = z
  .object({
    id: identifier(),
    chain_id: z.int().meta({ example: 42_161 }),
    from_address: address(),
    nonce: z.int().meta({ description: 'It belongs to this settlement for good', example: 17 }),
    status: z.enum(['signed', 'sent', 'mined', 'final']).meta({ description: '`mined` is provisional' }),
    payouts: z.int().meta({ description: 'In it', example: 50 }),
    amount_usd: money(),
    attempts: z.int().meta({ description: 'Signed versions so far; any of them may be mined', example: 1 }),
    cancel_requested: z.boolean().meta({ description: 'Its nonce is to be used by a tx that pays nobody' }),
    tx_hash: hash().nullable().meta({ description: 'The version that is mined; null while none is' }),
    block_number: z.int().nullable().meta({ example: 287_654_321 }),
    gas_used: z.string().nullable().meta({ description: 'Null while it is not mined', example: '2237200' }),
    gas_cost_wei: wei().nullable(),
    trouble: z.string().nullable().meta({ description: 'What a person should look at' }),
    created_at: time(),
    final_at: time().nullable(),
  })
  .meta({ id: 'Settlement' });

export const settlementPage = pageOf(settlementSchema, 'SettlementPage');

export const settlementToWire = (record: SettlementRecord): z.output<typeof settlementSchema> => ({
  id: record.id,
  chain_id: Number(record.chainId),
  from_address: record.fromAddress,
  nonce: Number(record.nonce),
  status: record.status,
  payouts: record.payouts,
  amount_usd: usd(record.amountMicroUsd),
  attempts: record.attempts,
  cancel_requested: record.cancelRequested,
  tx_hash: record.minedTxHash,
  block_number: record.minedBlockNumber === null ? null : Number(record.minedBlockNumber),
  gas_used: record.gasUsed?.toString() ?? null,
  gas_cost_wei: record.gasCostWei?.toString() ?? null,
  trouble: record.trouble,
  created_at: iso(record.createdAt),
  final_at: isoOrNull(record.finalAt),
});

const hours = () =>
  z
    .int()
    .nullable()
    .meta({ description: 'Whole hours at the pace of the last day; null: unknown', example: 310 });

export const runwaySchema = z
  .object({
    treasury_usd: money().meta({ description: 'What the treasury holds' }),
    owed_usd: money().meta({ description: 'Of it spoken for: payable and in settlement' }),
    pay_usd_per_hour: money(),
    pay_hours: hours(),
    gas_wei: wei(),
    gas_wei_per_hour: wei(),
    gas_hours: hours(),
  })
  .meta({ id: 'Runway' });

export const runwayToWire = (runway: RunwayReport): z.output<typeof runwaySchema> => ({
  treasury_usd: usd(runway.treasuryMicroUsd),
  owed_usd: usd(runway.owedMicroUsd),
  pay_usd_per_hour: usd(runway.payPerHourMicroUsd),
  pay_hours: runway.payHours,
  gas_wei: runway.gasWei.toString(),
  gas_wei_per_hour: runway.gasPerHourWei.toString(),
  gas_hours: runway.gasHours,
});

export const nodeSchema = z.object({
  name: z.string().meta({ description: 'Host of the node', example: 'arb1.example.org' }),
  state: z.enum(['unknown', 'healthy', 'distrusted', 'wrong-chain']),
  head_block: z.int().nullable().meta({ description: 'The newest that it told of', example: 287_654_321 }),
  latency_ms: z.int().nullable().meta({ description: 'Of its last answer', example: 45 }),
  failure: z.string().nullable().meta({ description: 'Why it is not asked first' }),
});

export const nodeToWire = (node: NodeHealth): z.output<typeof nodeSchema> => ({
  name: node.name,
  state: node.state,
  head_block: node.headBlock === null ? null : Number(node.headBlock),
  latency_ms: node.latencyMs === null ? null : Math.round(node.latencyMs),
  failure: node.failure,
});
