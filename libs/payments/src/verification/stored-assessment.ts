import { z } from 'zod';

import { sqlBigint, sqlTime } from '../books/sql-rows.js';

/** An assessment with everything that it was judged from, found without a function of the books. */
export const storedAssessmentRow = z.object({
  seq: sqlBigint,
  id: z.guid(),
  orchestrator_id: z.guid(),
  period_start: sqlTime,
  period_end: sqlTime,
  decision: z.string(),
  reason: z.string().nullable(),
  reason_text: z.string(),
  up_ms: sqlBigint.nullable(),
  window_ms: sqlBigint.nullable(),
  amount_micro_usd: sqlBigint,
  worker_address: z.string().nullable(),
  exclusive_worker: z.boolean(),
  required_capability: z.string().nullable(),
  /** Versions that it names, and those in force at its start. */
  rate_id: sqlBigint,
  rate_in_force: sqlBigint.nullable(),
  rate_said: sqlBigint,
  rate_micro_usd: sqlBigint.nullable(),
  policy_id: sqlBigint,
  policy_in_force: sqlBigint.nullable(),
  own_policy_id: sqlBigint.nullable(),
  own_policy_in_force: sqlBigint.nullable(),
  threshold_said: z.int(),
  threshold_bp: z.int().nullable(),
  /** Anything: a row that was tampered with is judged like every other. */
  aggregation: z.string().nullable(),
  required_services: z.array(z.string()).nullable(),
  /** The worker's address by the facts recorded until the decision. */
  worker_in_force: z.string().nullable(),
  /** Whether that address was pinned by the assessor: earlier decisions knew of none. */
  worker_is_pinned: z.boolean().nullable(),
  status_in_force: z.string().nullable(),
  challenge: z.instanceof(Buffer).nullable(),
  received_at: sqlTime.nullable(),
  latency_ms: z.int().nullable(),
  report: z.instanceof(Buffer).nullable(),
  clock_skew_ms: sqlBigint.nullable(),
  /** A second question about the same period, where one was asked and answered. */
  second_challenge: z.instanceof(Buffer).nullable(),
  second_received_at: sqlTime.nullable(),
  second_latency_ms: z.int().nullable(),
  second_report: z.instanceof(Buffer).nullable(),
  /** Another payee has been paid for this period by the same worker, or has that worker. */
  has_shared_worker: z.boolean(),
});

export type StoredAssessment = z.output<typeof storedAssessmentRow>;

const factKnown = (fact: string): string => `
  select f.value, f.actor from payments.orchestrator_fact f
   where f.orchestrator_id = a.orchestrator_id and f.fact = '${fact}' and f.effective_from <= a.period_start
     and f.recorded_at <= a.decided_at order by f.id desc limit 1`;

const newest = (table: string, owner: string): string => `
  select v.* from payments.${table} v where v.orchestrator_id ${owner} and v.effective_from <= a.period_start
   order by v.effective_from desc, v.id desc limit 1`;

/** In the order of their numbers, after $1, at most $2. Picked first, so that the rest is looked up for these only. */
export const storedAssessmentsQuery = `
  with a as materialized (select * from payments.assessment where seq > $1 order by seq limit $2)
  select a.seq, a.id, a.orchestrator_id, a.period_start, a.period_end, a.decision, a.reason, a.reason_text, a.up_ms,
         a.window_ms, a.amount_micro_usd, a.worker_address, a.exclusive_worker, a.required_capability,
         a.rate_id, case when own_rate.micro_usd_per_minute is not null then own_rate.id else general_rate.id end as rate_in_force,
         a.rate_micro_usd_per_minute as rate_said, rate.micro_usd_per_minute as rate_micro_usd,
         a.policy_id, general_policy.id as policy_in_force, a.own_policy_id, own_policy.id as own_policy_in_force,
         a.threshold_bp as threshold_said, coalesce(own.threshold_bp, general.threshold_bp) as threshold_bp,
         coalesce(own.aggregation, general.aggregation) as aggregation,
         coalesce(own.required_services, general.required_services) as required_services,
         worker.value as worker_in_force, worker.actor = 'assessor' as worker_is_pinned, status.value as status_in_force,
         e.challenge, e.received_at, e.latency_ms, e.report, e.clock_skew_ms,
         s.challenge as second_challenge, s.received_at as second_received_at, s.latency_ms as second_latency_ms,
         s.report as second_report,
         coalesce(a.reason = 'shared_worker' and (
           exists (select 1 from payments.assessment o where o.worker_address = a.worker_address and o.decision = 'paid'
                     and o.period_start = a.period_start and o.orchestrator_id <> a.orchestrator_id)
           or exists (select 1 from payments.orchestrator_fact o where o.fact = 'worker_address' and o.value = a.worker_address
                        and o.orchestrator_id <> a.orchestrator_id)), false) as has_shared_worker
    from a
    left join payments.evidence e on e.assessment_id = a.id
    left join payments.second_evidence s on s.assessment_id = a.id
    left join payments.rate on rate.id = a.rate_id
    left join payments.policy general on general.id = a.policy_id
    left join payments.policy own on own.id = a.own_policy_id
    left join lateral (${newest('rate', 'is null')}) general_rate on true
    left join lateral (${newest('rate', '= a.orchestrator_id')}) own_rate on true
    left join lateral (${newest('policy', 'is null')}) general_policy on true
    left join lateral (${newest('policy', '= a.orchestrator_id')}) own_policy on true
    left join lateral (${factKnown('worker_address')}) worker on true
    left join lateral (${factKnown('status')}) status on true
   order by a.seq`;
