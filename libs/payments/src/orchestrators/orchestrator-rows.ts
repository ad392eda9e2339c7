import { z } from 'zod';

import { uptimeAggregations } from '#monitoring';

import { type Sql, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import type { Orchestrator, OrchestratorStatus } from './orchestrator.js';

const statuses = ['active', 'paused', 'archived'] as const;

const orchestratorRow = z.object({
  id: z.uuid(),
  service_uri: z.string(),
  created_at: sqlTime,
  name: z.string(),
  status: z.enum(statuses),
  worker_url: z.string().nullable(),
  worker_address: z.string().nullable(),
  payout_address: z.string().nullable(),
  next_payout_address: z.string().nullable(),
  payout_address_from: sqlTime.nullable(),
  micro_usd_per_minute: sqlBigint,
  threshold_bp: z.int().transform(BigInt),
  aggregation: z.enum(uptimeAggregations),
  required_services: z.array(z.string()),
});

const newest = (fact: string): string =>
  `left join lateral (select value, effective_from from payments.orchestrator_fact f
     where f.orchestrator_id = o.id and f.fact = '${fact}' order by f.id desc limit 1) ${fact} on true`;

/**
 * Facts: the newest record. Rate and policy: as in force from the next period on. Of payout addresses the one in force, and
 * the one that waits for its time.
 */
const view = `
  select o.id, o.service_uri, o.created_at, name.value as name, status.value as status,
         worker_url.value as worker_url, worker_address.value as worker_address,
         payout_address.value as payout_address, waiting.value as next_payout_address,
         coalesce(waiting.effective_from, payout_address.effective_from) as payout_address_from,
         rate.micro_usd_per_minute, policy.threshold_bp, policy.aggregation, policy.required_services
    from payments.orchestrator o
    cross join (select c.clock, payments.period_floor(c.clock, period_seconds) + make_interval(secs => period_seconds) as at
                  from payments.book, (select payments.clock() as clock) c) next
    ${['name', 'status', 'worker_url', 'worker_address'].map(newest).join('\n    ')}
    left join lateral (select value, effective_from from payments.orchestrator_fact f
      where f.orchestrator_id = o.id and f.fact = 'payout_address' and f.effective_from <= next.clock
      order by f.id desc limit 1) payout_address on true
    left join lateral (select value, effective_from from (
        select value, effective_from from payments.orchestrator_fact f
          where f.orchestrator_id = o.id and f.fact = 'payout_address' order by f.id desc limit 1) f
      where f.effective_from > next.clock) waiting on true
    cross join lateral payments.rate_at(o.id, next.at) rate
    cross join lateral payments.policy_at(o.id, next.at) policy`;

const toOrchestrator = (row: z.output<typeof orchestratorRow>): Orchestrator => ({
  id: row.id,
  name: row.name,
  serviceUri: row.service_uri,
  workerUrl: row.worker_url,
  workerAddress: row.worker_address,
  payoutAddress: row.payout_address,
  nextPayoutAddress: row.next_payout_address,
  payoutAddressEffectiveFrom: row.payout_address_from,
  status: row.status,
  rateMicroUsdPerMinute: row.micro_usd_per_minute,
  minUptimeBasisPoints: row.threshold_bp,
  aggregation: row.aggregation,
  requiredServices: row.required_services,
  createdAt: row.created_at,
});

export async function findOrchestrator(sql: Sql, id: string): Promise<Orchestrator | undefined> {
  const [row] = await selectRows(sql, orchestratorRow, `${view} where o.id = $1`, [id]);
  return row && toOrchestrator(row);
}

/** In no order. */
export async function findOrchestrators(
  sql: Sql,
  ids: readonly string[],
): Promise<Map<string, Orchestrator>> {
  const rows = await selectRows(sql, orchestratorRow, `${view} where o.id = any ($1::uuid[])`, [ids]);
  return new Map(rows.map((row) => [row.id, toOrchestrator(row)]));
}

export interface OrchestratorFilter {
  status: OrchestratorStatus | null;
  after: { createdAt: Date; id: string } | null;
  limit: number;
}

/** Oldest first. */
export async function listOrchestrators(sql: Sql, filter: OrchestratorFilter): Promise<Orchestrator[]> {
  const rows = await selectRows(
    sql,
    orchestratorRow,
    `${view}
      where ($1::text is null or status.value = $1)
        and ($2::timestamptz is null or (o.created_at, o.id) > ($2, $3::uuid))
      order by o.created_at, o.id limit $4`,
    [filter.status, filter.after?.createdAt ?? null, filter.after?.id ?? null, filter.limit],
  );
  return rows.map(toOrchestrator);
}
