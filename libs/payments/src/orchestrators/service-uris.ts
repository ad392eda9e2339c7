import { z } from 'zod';

import { ConflictError } from '../books/errors.js';
import { type Sql, selectRows } from '../books/sql-rows.js';

const holderRow = z.object({ value: z.string(), orchestrator_id: z.uuid() });

/** Which living orchestrator has each of these service URIs. */
export async function holdersOfServiceUris(tx: Sql, uris: readonly string[]): Promise<Map<string, string>> {
  const rows = await selectRows(
    tx,
    holderRow,
    `select o.service_uri as value, o.id as orchestrator_id from payments.orchestrator o
      where o.service_uri = any ($1::text[])
        and not exists (select 1 from payments.orchestrator_fact s
                     where s.orchestrator_id = o.id and s.fact = 'status' and s.value = 'archived')
      order by o.created_at desc, o.id`,
    [uris],
  );
  return new Map(rows.map(({ value, orchestrator_id }) => [value, orchestrator_id]));
}

/** @throws ConflictError */
export async function requireFreeServiceUri(tx: Sql, serviceUri: string): Promise<void> {
  const holder = (await holdersOfServiceUris(tx, [serviceUri])).get(serviceUri);
  if (holder !== undefined)
    throw new ConflictError(`The orchestrator ${holder} has this service URI`, 'service_uri');
}
