import { nobody, otherAddress } from '../rest-rig.js';
import type { ContractRig } from './contract-rig.js';

/** One request that changes something, and the action that it must leave in the audit log. */
export interface Change {
  /** With what stands for `{id}`; made when its turn comes. */
  id?: (rig: ContractRig) => Promise<string>;
  body?: (rig: ContractRig) => unknown;
  /** `null`: by its nature it changes neither money nor payees nor rules. */
  audit: string | null;
  /** Whom the entry must name; the path's id unless given. */
  subject?: string;
  /** Refused as the state is, but as documented; then nothing changed. */
  refused?: number;
}

const newUri = () => `https://c-${Math.random().toString(16).slice(2)}:9995`;
const newWorker = () => `0x${Math.random().toString(16).slice(2).padEnd(40, '0').slice(0, 40)}`;
const living = async (rig: ContractRig) => (await rig.create()).id;

/** A payout that waits, of an orchestrator that has earned nothing but a correction. */
async function reservedPayout(rig: ContractRig): Promise<string> {
  const { id } = await rig.create({ payout_address: otherAddress });
  await rig.send('POST', 'adjustments', { orchestrator_id: id, amount_usd: '5', reason: 'for a payout' });
  await rig.send('POST', 'payouts/run');
  const [payout] = await rig.itemsOf(`payments?orchestrator_id=${id}`);
  return String(payout?.id);
}

/** Every route that changes something, by its name in the document. */
export const changes: Readonly<Record<string, Change>> = {
  'POST /api/v1/orchestrators': {
    body: () => ({ service_uri: newUri(), worker_address: newWorker(), name: 'contract' }),
    audit: 'orchestrator created',
  },
  'POST /api/v1/orchestrators/import': {
    body: () => [{ service_uri: newUri(), worker_address: newWorker() }],
    audit: 'orchestrator created',
  },
  'PATCH /api/v1/orchestrators/{id}': {
    id: living,
    body: () => ({ name: 'changed', payout_address: otherAddress, min_uptime: 99.5 }),
    audit: 'orchestrator changed',
  },
  'POST /api/v1/orchestrators/{id}/accept-worker': {
    id: living,
    body: () => ({ worker_address: newWorker() }),
    audit: 'worker accepted',
  },
  'DELETE /api/v1/orchestrators/{id}': { id: living, audit: 'orchestrator archived' },
  'PUT /api/v1/orchestrators/{id}/rate': {
    id: living,
    body: () => ({ usd_per_minute: '3.5' }),
    audit: 'rate changed',
  },
  'PUT /api/v1/rates/default': {
    body: () => ({ usd_per_minute: '10' }),
    audit: 'rate changed',
    subject: 'rate/default',
  },
  'POST /api/v1/policies': {
    body: () => ({ min_uptime: 95, aggregation: 'mean' }),
    audit: 'policy changed',
    subject: 'policy/default',
  },
  'POST /api/v1/adjustments': {
    body: (rig) => ({ orchestrator_id: rig.someone, amount_usd: '-0.000001', reason: 'contract' }),
    audit: 'balance adjusted',
  },
  'POST /api/v1/payouts/run': { audit: 'payouts run' },
  'POST /api/v1/payouts/settlements/{id}/cancel': {
    id: () => Promise.resolve(nobody),
    audit: null,
    refused: 404,
  },
  'POST /api/v1/reconciliation/runs': { audit: null },
  'POST /api/v1/reconciliation/unknown-payments': {
    body: (rig) => ({
      tx_hash: `0x${'ab'.repeat(32)}`,
      log_index: 0,
      orchestrator_id: rig.someone,
      reason: 'contract',
    }),
    audit: null,
    refused: 409,
  },
  'POST /api/v1/payouts/pause': { body: () => ({ reason: 'contract' }), audit: 'settlement paused' },
  'POST /api/v1/payouts/resume': { audit: 'settlement resumed' },
  'POST /api/v1/payments/{id}/mark-paid': {
    id: reservedPayout,
    body: () => ({ reference: 'SEPA 42' }),
    audit: 'payout marked paid',
  },
  'POST /api/v1/payments/{id}/cancel': { id: reservedPayout, audit: 'payout cancelled' },
  'POST /api/v1/alerts/{id}/close': {
    id: async (rig) => String((await rig.itemsOf('alerts?state=open'))[0]?.id),
    body: () => ({ reason: 'seen to' }),
    audit: 'alert closed',
    subject: '',
  },
  'POST /api/v1/alerts/silences': {
    body: () => ({ kind: 'worker_clock_skew', duration_seconds: 600, reason: 'maintenance' }),
    audit: 'alerts silenced',
    subject: '',
  },
  'DELETE /api/v1/alerts/silences/{id}': {
    id: async (rig) => {
      const body = { kind: 'wrong_worker', duration_seconds: 600, reason: 'maintenance' };
      await rig.send('POST', 'alerts/silences', body);
      return String((await rig.itemsOf('alerts/silences'))[0]?.id);
    },
    audit: 'silence ended',
    subject: '',
  },
  'POST /api/v1/alerts/test': { body: () => ({}), audit: 'test alert sent', subject: '' },
  'POST /api/v1/payments/{id}/release': { id: reservedPayout, audit: 'payout released', refused: 409 },
};
