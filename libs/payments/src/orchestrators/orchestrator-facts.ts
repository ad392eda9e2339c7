import { z } from 'zod';

import { nextBoundary } from '../books/effective-time.js';
import { WorkerAddressTakenError } from '../books/errors.js';
import { type Sql, selectRow, selectRows, sqlTime } from '../books/sql-rows.js';

export type Fact = 'name' | 'status' | 'worker_url' | 'worker_address' | 'payout_address';

export interface NewestFact {
  value: string | null;
  effectiveFrom: Date;
  actor: string;
}

const factRow = z.object({
  fact: z.enum(['name', 'status', 'worker_url', 'worker_address', 'payout_address']),
  value: z.string().nullable(),
  effective_from: sqlTime,
  actor: z.string(),
});

/** The version of each fact that was recorded last, in effect or not yet. */
export async function newestFacts(sql: Sql, orchestratorId: string): Promise<Map<Fact, NewestFact>> {
  const rows = await selectRows(
    sql,
    factRow,
    `select distinct on (fact) fact, value, effective_from, actor from payments.orchestrator_fact
      where orchestrator_id = $1 order by fact, id desc`,
    [orchestratorId],
  );
  return new Map(
    rows.map(({ fact, value, effective_from, actor }) => [
      fact,
      { value, effectiveFrom: effective_from, actor },
    ]),
  );
}

export async function addFact(
  tx: Sql,
  orchestratorId: string,
  { fact, value, from, actor }: { fact: Fact; value: string | null; from: Date; actor: string },
): Promise<void> {
  await tx.query(
    `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
       values ($1, $2, $3, $4, $5)`,
    [orchestratorId, fact, value, from, actor],
  );
}

/**
 * Adds a payout address that takes effect after the delay. What is in force stays so until then: an address that was
 * waiting for its time is dropped.
 */
export async function addPayoutAddress(
  tx: Sql,
  orchestratorId: string,
  { address, delaySeconds, actor }: { address: string | null; delaySeconds: number; actor: string },
): Promise<void> {
  const { now } = await nextBoundary(tx);
  const inForce = await payoutAddressAt(tx, orchestratorId, now);
  const newest = (await newestFacts(tx, orchestratorId)).get('payout_address');
  if (newest && newest.effectiveFrom > now) {
    await addFact(tx, orchestratorId, { fact: 'payout_address', value: inForce, from: now, actor });
  }
  // Taking an address away stops payouts, which is always safe at once; so is staying with the one in force.
  const from = address === null || address === inForce ? now : new Date(now.getTime() + delaySeconds * 1000);
  await addFact(tx, orchestratorId, { fact: 'payout_address', value: address, from, actor });
}

export async function payoutAddressAt(sql: Sql, orchestratorId: string, at: Date): Promise<string | null> {
  const row = await selectRow(
    sql,
    z.object({ address: z.string().nullable() }),
    `select payments.fact_at($1, 'payout_address', $2) as address`,
    [orchestratorId, at],
  );
  return row?.address ?? null;
}

/**
 * Refuses a worker that another orchestrator has. The caller holds the lock of the book, so that two orchestrators
 * cannot take one worker at the same time.
 */
export async function requireFreeWorker(
  tx: Sql,
  workerAddress: string,
  exceptId: string | null,
): Promise<void> {
  const taken = await selectRow(
    tx,
    z.object({ orchestrator_id: z.uuid() }),
    `select f.orchestrator_id from payments.orchestrator_fact f
      where f.fact = 'worker_address' and f.value = $1 and f.orchestrator_id is distinct from $2::uuid
        and f.id = (select max(g.id) from payments.orchestrator_fact g
                     where g.orchestrator_id = f.orchestrator_id and g.fact = 'worker_address')
        and not exists (select 1 from payments.orchestrator_fact s
                     where s.orchestrator_id = f.orchestrator_id and s.fact = 'status' and s.value = 'archived')
      limit 1`,
    [workerAddress, exceptId],
  );
  if (taken) throw new WorkerAddressTakenError(workerAddress, taken.orchestrator_id);
}
