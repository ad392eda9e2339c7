import { z } from 'zod';

import type { Alerts } from '../alerts/alerts.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { BooksOptions } from '../books/books-options.js';
import { lockBook } from '../books/books.js';
import { nextBoundary } from '../books/effective-time.js';
import { type Sql, selectRow } from '../books/sql-rows.js';
import { admitOrchestrators } from './admit-orchestrators.js';
import type { EnvironmentOrchestrator } from './orchestrator.js';
import { addFact, newestFacts } from './orchestrator-facts.js';
import { toRecord } from './orchestrator-record.js';
import { announceFirst, changePayoutAddress } from './payout-address.js';
import { normaliseAddress, normaliseUrl } from './web-address.js';

const actor = 'environment';

interface Rooms {
  audit: AuditLog;
  alerts: Alerts;
  options: BooksOptions;
}

/**
 * Makes a record for each service URI that never had one, archived or not. A worker URL or payout address that the
 * environment had set follows the environment; one that a person has set since stays.
 */
export async function ensureFromEnvironment(
  tx: Sql,
  entries: readonly EnvironmentOrchestrator[],
  rooms: Rooms,
): Promise<void> {
  await lockBook(tx);
  for (const entry of entries) {
    const record = toRecord({ ...entry, workerAddress: null }, rooms.options.maxRateMicroUsd);
    if (Array.isArray(record)) throw record[0] ?? new Error('refused without a fault');
    const known = await selectRow(
      tx,
      z.object({ id: z.uuid() }),
      'select id from payments.orchestrator where service_uri = $1 order by created_at desc limit 1',
      [record.serviceUri],
    );
    if (known) {
      await follow(tx, known.id, entry, rooms);
      continue;
    }
    const { payoutAddressDelaySeconds } = rooms.options;
    const insertion = { origin: 'environment' as const, actor, payoutAddressDelaySeconds };
    const [made] = await admitOrchestrators(tx, [record], insertion, rooms.audit);
    if (made) await announceFirst(tx, rooms.alerts, made, actor);
  }
}

async function follow(
  tx: Sql,
  id: string,
  { workerUrl, payoutAddress }: EnvironmentOrchestrator,
  { audit, alerts, options }: Rooms,
): Promise<void> {
  const facts = await newestFacts(tx, id);
  if (facts.get('status')?.value === 'archived') return;
  const { now } = await nextBoundary(tx);

  const knownUrl = facts.get('worker_url');
  const url = workerUrl && normaliseUrl(workerUrl, 'WORKER_URL');
  if (url && (!knownUrl || knownUrl.actor === actor) && knownUrl?.value !== url) {
    await addFact(tx, id, { fact: 'worker_url', value: url, from: now, actor });
    await audit.record(tx, {
      actor,
      action: 'worker URL changed',
      subject: `orchestrator/${id}`,
      before: { worker_url: knownUrl?.value ?? null },
      after: { worker_url: url },
    });
  }

  const knownAddress = facts.get('payout_address');
  const address = payoutAddress && normaliseAddress(payoutAddress, 'PAYOUT_ADDRESSES');
  if (address && (!knownAddress || knownAddress.actor === actor) && knownAddress?.value !== address) {
    const delaySeconds = options.payoutAddressDelaySeconds;
    await changePayoutAddress(tx, alerts, id, { address, delaySeconds, actor });
    await audit.record(tx, {
      actor,
      action: 'payout address changed',
      subject: `orchestrator/${id}`,
      before: { payout_address: knownAddress?.value ?? null },
      after: { payout_address: address, after_seconds: delaySeconds },
    });
  }
}
