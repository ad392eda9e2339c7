import { z } from 'zod';

import { WorkerAddressTakenError } from '../books/errors.js';
import { type Sql, selectRows, sqlTime } from '../books/sql-rows.js';

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

const holderRow = z.object({ value: z.string(), orchestrator_id: z.uuid() });

/**
 * Which living orchestrator has each of these workers now or from the next period on. The caller holds the lock of the
 * book, so that two orchestrators cannot take one worker at the same time.
 */
export async function holdersOfWorkers(tx: Sql, workers: readonly string[]): Promise<Map<string, string>> {
  const rows = await selectRows(
    tx,
    holderRow,
    `select f.value, f.orchestrator_id from payments.orchestrator_fact f
      where f.fact = 'worker_address' and f.value = any ($1::text[])
        and f.id = (select max(g.id) from payments.orchestrator_fact g
                     where g.orchestrator_id = f.orchestrator_id and g.fact = 'worker_address')
        and not exists (select 1 from payments.orchestrator_fact s
                     where s.orchestrator_id = f.orchestrator_id and s.fact = 'status' and s.value = 'archived')`,
    [workers],
  );
  return new Map(rows.map(({ value, orchestrator_id }) => [value, orchestrator_id]));
}

/** @throws WorkerAddressTakenError */
export async function requireFreeWorker(
  tx: Sql,
  workerAddress: string,
  exceptId: string | null,
): Promise<void> {
  const holder = (await holdersOfWorkers(tx, [workerAddress])).get(workerAddress);
  if (holder !== undefined && holder !== exceptId) throw new WorkerAddressTakenError(workerAddress, holder);
}
