import { randomUUID } from 'node:crypto';

import { nextBoundary } from '../books/effective-time.js';
import type { Sql } from '../books/sql-rows.js';
import type { Fact } from './orchestrator-facts.js';
import type { OrchestratorRecord } from './orchestrator-record.js';

export interface Insertion {
  origin: 'environment' | 'rest';
  actor: string;
  payoutAddressDelaySeconds: number;
}

interface NewFact {
  id: string;
  fact: Fact;
  value: string | null;
  from: Date;
}

/**
 * Adds records, their facts, their terms and their place in the work queue, however many: the first period begins at the
 * next boundary, with the terms that the record was made with. Answers their ids in the order given. The caller holds the
 * lock of the book and has checked that they collide with nobody.
 */
export async function insertOrchestrators(
  tx: Sql,
  records: readonly OrchestratorRecord[],
  { origin, actor, payoutAddressDelaySeconds }: Insertion,
): Promise<string[]> {
  if (records.length === 0) return [];
  const { now, next } = await nextBoundary(tx);
  const made = records.map((record) => ({ id: randomUUID(), record }));
  await tx.query(
    `insert into payments.orchestrator (id, service_uri, origin, created_at)
       select *, $3, $4 from unnest($1::uuid[], $2::text[])`,
    [made.map(({ id }) => id), made.map(({ record }) => record.serviceUri), origin, now],
  );
  const addressFrom = new Date(now.getTime() + payoutAddressDelaySeconds * 1_000);
  await insertFacts(
    tx,
    made.flatMap(({ id, record }): NewFact[] => [
      { id, fact: 'name', value: record.name, from: now },
      { id, fact: 'status', value: 'active', from: now },
      { id, fact: 'worker_url', value: record.workerUrl, from: now },
      ...(record.workerAddress === null
        ? []
        : [{ id, fact: 'worker_address' as const, value: record.workerAddress, from: now }]),
      ...(record.payoutAddress === null
        ? []
        : [{ id, fact: 'payout_address' as const, value: record.payoutAddress, from: addressFrom }]),
    ]),
    actor,
  );
  await insertTerms(tx, made, next, actor);
  await tx.query(
    `insert into payments.assessment_progress (orchestrator_id, opened_until)
       select id, $2 from unnest($1::uuid[]) as made (id)`,
    [made.map(({ id }) => id), next],
  );
  return made.map(({ id }) => id);
}

async function insertFacts(tx: Sql, facts: readonly NewFact[], actor: string): Promise<void> {
  await tx.query(
    `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
       select id, fact, value, effective_from, $5
         from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) with ordinality
           as f (id, fact, value, effective_from, position) order by position`,
    [
      facts.map(({ id }) => id),
      facts.map(({ fact }) => fact),
      facts.map(({ value }) => value),
      facts.map(({ from }) => from),
      actor,
    ],
  );
}

async function insertTerms(
  tx: Sql,
  made: readonly { id: string; record: OrchestratorRecord }[],
  from: Date,
  actor: string,
): Promise<void> {
  const rated = made.filter(({ record }) => record.rateMicroUsdPerMinute !== undefined);
  await tx.query(
    `insert into payments.rate (orchestrator_id, micro_usd_per_minute, effective_from, actor)
       select *, $3, $4 from unnest($1::uuid[], $2::bigint[])`,
    [
      rated.map(({ id }) => id),
      rated.map(({ record }) => record.rateMicroUsdPerMinute?.toString()),
      from,
      actor,
    ],
  );
  const ruled = made.filter(
    ({ record }) => record.minUptimeBasisPoints !== undefined || record.requiredServices !== undefined,
  );
  // Lists of different lengths do not fit into one array of arrays: they travel as JSON.
  await tx.query(
    `insert into payments.policy (orchestrator_id, threshold_bp, required_services, effective_from, actor)
       select id, threshold_bp,
              case when services is not null then array(select jsonb_array_elements_text(services)) end, $4, $5
         from unnest($1::uuid[], $2::int[], $3::jsonb[]) as p (id, threshold_bp, services)`,
    [
      ruled.map(({ id }) => id),
      ruled.map(({ record }) => record.minUptimeBasisPoints?.toString() ?? null),
      ruled.map(({ record }) => record.requiredServices && JSON.stringify(record.requiredServices)),
      from,
      actor,
    ],
  );
}
