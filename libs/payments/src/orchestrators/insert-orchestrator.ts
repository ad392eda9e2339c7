import { z } from 'zod';

import { RuleError } from '../books/errors.js';
import { type Sql, selectRow, sqlTime } from '../books/sql-rows.js';
import { addFact, addPayoutAddress } from './orchestrator-facts.js';
import { hostName, normaliseAddress, normaliseUrl } from './web-address.js';

export interface OrchestratorRecord {
  name: string | undefined;
  /** Normalised. */
  serviceUri: string;
  workerUrl: string | null;
  workerAddress: string | null;
  payoutAddress: string | null;
  payoutAddressDelaySeconds: number;
  origin: 'environment' | 'rest';
  actor: string;
}

const createdRow = z.object({ id: z.uuid(), created_at: sqlTime });

/** Adds the record, its facts and its place in the work queue: the first period begins at the next boundary,
 * with the terms that the record was made with. */
export async function insertOrchestrator(tx: Sql, record: OrchestratorRecord): Promise<string> {
  const { actor } = record;
  const created = await selectRow(
    tx,
    createdRow,
    'insert into payments.orchestrator (service_uri, origin) values ($1, $2) returning id, created_at',
    [record.serviceUri, record.origin],
  );
  if (!created) throw new Error('the orchestrator was not stored');
  const { id, created_at: from } = created;
  const name = record.name ?? hostName(record.serviceUri);
  if (name === '' || name.length > 200) throw new RuleError('must have 1 to 200 characters', 'name');

  await addFact(tx, id, { fact: 'name', value: name, from, actor });
  await addFact(tx, id, { fact: 'status', value: 'active', from, actor });
  const workerUrl = record.workerUrl === null ? null : normaliseUrl(record.workerUrl, 'worker_url');
  await addFact(tx, id, { fact: 'worker_url', value: workerUrl, from, actor });
  if (record.workerAddress !== null) {
    await addFact(tx, id, { fact: 'worker_address', value: record.workerAddress, from, actor });
  }
  if (record.payoutAddress !== null) {
    await addPayoutAddress(tx, id, {
      address: normaliseAddress(record.payoutAddress, 'payout_address'),
      delaySeconds: record.payoutAddressDelaySeconds,
      actor,
    });
  }
  await tx.query(
    `insert into payments.assessment_progress (orchestrator_id, opened_until)
       select $1, payments.period_floor($2, period_seconds) + make_interval(secs => period_seconds) from payments.book`,
    [id, from],
  );
  return id;
}
