import type { NewOrchestrator, Orchestrator } from '#payments';
import { addressSchema } from '#platform';
import { z } from 'zod';
import {
  address,
  basisPointsInput,
  identifier,
  iso,
  isoOrNull,
  money,
  pageOf,
  pageQuery,
  percentage,
  percentOf,
  rateInput,
  serviceNamesInput,
  time,
  usd,
} from './wire.js';

export const orchestratorStatus = z.enum(
  ['active', 'paused', 'archived'],
  'must be active, paused or archived',
);

export const orchestratorSchema = z
  .object({
    id: identifier(),
    name: z.string().meta({ example: 'orchestrator-1' }),
    service_uri: z
      .string()
      .meta({ description: 'Names the orchestrator, once and for all', example: 'https://172.23.0.7:9995' }),
    worker_url: z.string().nullable().meta({
      description: 'Where its reports are asked for; null: through the gateway only',
      example: 'http://172.23.0.7:9876',
    }),
    worker_address: address()
      .nullable()
      .meta({ description: 'The key that signs its reports; null until first seen' }),
    payout_address: address()
      .nullable()
      .meta({ description: 'Where it is paid now; null: its pay accrues and waits' }),
    next_payout_address: address()
      .nullable()
      .meta({ description: 'What waits until PAYOUT_ADDRESS_DELAY_SECONDS are over; null: nothing' }),
    payout_address_effective_from: time()
      .nullable()
      .meta({ description: 'When the next one takes effect, or else when the one in force did' }),
    status: orchestratorStatus.meta({ description: 'Archived: for ever; its history stays' }),
    rate_usd_per_minute: money(),
    min_uptime: percentage().meta({ description: 'Paid when strictly above, percent', example: 95 }),
    aggregation: z
      .enum(['mean', 'min', 'all'])
      .meta({ description: 'Over the required services; POST /policies changes it' }),
    required_services: z.array(z.string()).meta({ example: ['vtuber_orchestrator', 'redis_scb'] }),
    created_at: time(),
  })
  .meta({ id: 'Orchestrator' });

export const orchestratorPage = pageOf(orchestratorSchema, 'OrchestratorPage');

export function orchestratorToWire(record: Orchestrator): z.output<typeof orchestratorSchema> {
  return {
    id: record.id,
    name: record.name,
    service_uri: record.serviceUri,
    worker_url: record.workerUrl,
    worker_address: record.workerAddress,
    payout_address: record.payoutAddress,
    next_payout_address: record.nextPayoutAddress,
    payout_address_effective_from: isoOrNull(record.payoutAddressEffectiveFrom),
    status: record.status,
    rate_usd_per_minute: usd(record.rateMicroUsdPerMinute),
    min_uptime: percentOf(record.minUptimeBasisPoints),
    aggregation: record.aggregation,
    required_services: [...record.requiredServices],
    created_at: iso(record.createdAt),
  };
}

/** A record may name only what is asked over HTTP: no file, no other scheme, no user name that would be logged. */
const httpUrl = () =>
  z
    .string()
    .trim()
    .max(500, 'must be at most 500 characters')
    .refine(isPlainHttpUrl, 'must be an http:// or https:// URL without user name')
    .transform((text) => text.replace(/\/+$/, ''));

function isPlainHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}

const addressInput = (description: string) =>
  addressSchema.meta({ description, example: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8' });

const name = () => z.string().trim().min(1, 'must not be empty').max(100, 'must be at most 100 characters');
export const createOrchestratorSchema = z
  .strictObject({
    service_uri: httpUrl().meta({
      description: 'As the gateway reaches the orchestrator',
      example: 'https://172.23.0.7:9995',
    }),
    worker_address: addressInput('The key that signs its reports'),
    name: name().optional().meta({ example: 'orchestrator-1' }),
    worker_url: httpUrl()
      .optional()
      .meta({ description: 'Where its reports are asked for', example: 'http://172.23.0.7:9876' }),
    payout_address: addressInput('Where it is paid; without one its pay accrues and waits').optional(),
    rate_usd_per_minute: rateInput()
      .optional()
      .meta({ description: 'US dollars; the default rate unless given', example: '10' }),
    min_uptime: basisPointsInput()
      .optional()
      .meta({ description: 'Percent, at most two decimals', example: 95 }),
    required_services: serviceNamesInput()
      .optional()
      .meta({ description: 'Container names; the default unless given', example: ['redis_scb'] }),
  })
  .meta({ id: 'CreateOrchestrator' });

export const newOrchestrator = (body: z.output<typeof createOrchestratorSchema>): NewOrchestrator => ({
  serviceUri: body.service_uri,
  name: body.name,
  workerUrl: body.worker_url,
  workerAddress: body.worker_address,
  payoutAddress: body.payout_address,
  rateMicroUsdPerMinute: body.rate_usd_per_minute,
  minUptimeBasisPoints: body.min_uptime,
  requiredServices: body.required_services,
});

export const changeOrchestratorSchema = z
  .strictObject({
    name: name().optional().meta({ example: 'studio-2' }),
    worker_url: httpUrl()
      .nullable()
      .optional()
      .meta({ description: 'null: reachable only through the gateway' }),
    worker_address: addressInput('Reports signed by it count from the next period on').optional(),
    payout_address: addressSchema.nullable().optional().meta({
      description: 'Takes effect after PAYOUT_ADDRESS_DELAY_SECONDS; null: pay accrues and waits',
      example: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    }),
    status: z
      .enum(['active', 'paused'], 'must be active or paused; DELETE archives')
      .optional()
      .meta({ description: 'From the next period on; DELETE archives' }),
    rate_usd_per_minute: rateInput()
      .nullable()
      .optional()
      .meta({ description: 'null: the default rate again', example: '12.5' }),
    min_uptime: basisPointsInput()
      .nullable()
      .optional()
      .meta({ description: 'null: the default again', example: 95 }),
    required_services: serviceNamesInput()
      .nullable()
      .optional()
      .meta({ description: 'null: the default again' }),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something')
  .meta({ id: 'ChangeOrchestrator' });

export const acceptWorkerSchema = z
  .strictObject({ worker_address: addressInput('The key that will sign its reports') })
  .meta({ id: 'AcceptWorker' });

export const orchestratorQuery = z.object({
  ...pageQuery,
  status: orchestratorStatus.optional().meta({ description: 'All that are not archived unless given' }),
});
