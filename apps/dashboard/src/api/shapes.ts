import * as z from 'zod/mini';

/** What this page reads of the distributor's answers; what it does not show is not asked for here. */
const nullable = <S extends z.ZodMiniType>(schema: S) => z.nullable(schema);
const pageOf = <S extends z.ZodMiniType>(item: S) =>
  z.object({ items: z.array(item), next_cursor: nullable(z.string()) });

export const statusSchema = z.object({
  version: z.string(),
  as_of: z.string(),
  period_seconds: z.number(),
  last_period: nullable(z.object({ start: z.string(), end: z.string() })),
  orchestrators: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      state: z.enum(['on_air', 'degraded', 'off_air', 'unknown', 'waiting', 'paused']),
      reason: nullable(z.string()),
      uptime_percentage: nullable(z.number()),
      period_end: nullable(z.string()),
      services: z.array(z.object({ name: z.string(), state: z.string() })),
    }),
  ),
});
export type Status = z.output<typeof statusSchema>;
export type OrchestratorStatus = Status['orchestrators'][number];

export const span = z.enum(['minute', 'hour', 'day']);

export const fleetSchema = z.object({
  by: span,
  bucket_starts: z.array(z.string()),
  orchestrators: z.array(
    z.object({
      orchestrator_id: z.string(),
      uptime_percentages: z.array(nullable(z.number())),
      unpaid: z.array(z.object({ bucket: z.number(), periods: z.number(), reason: z.string() })),
      earned_usd: z.string(),
    }),
  ),
});
export type Fleet = z.output<typeof fleetSchema>;

export const historySchema = z.object({
  by: span,
  buckets: z.array(
    z.object({
      start: z.string(),
      end: z.string(),
      uptime_percentage: nullable(z.number()),
      periods: z.number(),
      paid_periods: z.number(),
      earned_usd: z.string(),
      reasons: z.array(z.object({ reason: z.string(), text: z.string(), periods: z.number() })),
    }),
  ),
  services: z.array(
    z.object({
      name: z.string(),
      buckets: z.array(
        nullable(
          z.object({
            uptime_percentage: z.number(),
            down_ms: z.number(),
            starting_ms: z.number(),
            unknown_ms: z.number(),
          }),
        ),
      ),
    }),
  ),
});
export type History = z.output<typeof historySchema>;

export const earningsSchema = z.object({
  by: z.enum(['hour', 'day']),
  buckets: z.array(
    z.object({ start: z.string(), earned_usd: z.string(), periods: z.number(), paid_periods: z.number() }),
  ),
});

export const orchestratorSchema = z.object({
  id: z.string(),
  name: z.string(),
  service_uri: z.string(),
  worker_url: nullable(z.string()),
  worker_address: nullable(z.string()),
  payout_address: nullable(z.string()),
  next_payout_address: nullable(z.string()),
  payout_address_effective_from: nullable(z.string()),
  status: z.enum(['active', 'paused', 'archived']),
  rate_usd_per_minute: z.string(),
  min_uptime: z.number(),
  aggregation: z.string(),
  required_services: z.array(z.string()),
  created_at: z.string(),
});
export type Orchestrator = z.output<typeof orchestratorSchema>;
export const orchestratorPage = pageOf(orchestratorSchema);

export const balanceSchema = z.object({
  orchestrator_id: z.string(),
  accrued_usd: z.string(),
  adjusted_usd: z.string(),
  payable_usd: z.string(),
  in_settlement_usd: z.string(),
  paid_usd: z.string(),
});
export type Balance = z.output<typeof balanceSchema>;
export const balancePage = pageOf(balanceSchema);

export const assessmentSchema = z.object({
  id: z.string(),
  orchestrator_id: z.string(),
  period_start: z.string(),
  period_end: z.string(),
  uptime_percentage: nullable(z.number()),
  decision: z.enum(['paid', 'unpaid', 'pending']),
  reason: nullable(z.string()),
  reason_text: z.string(),
  amount_usd: z.string(),
  rate_usd_per_minute: z.string(),
});
export type Assessment = z.output<typeof assessmentSchema>;
export const assessmentPage = pageOf(assessmentSchema);

const payoutFields = {
  id: z.string(),
  orchestrator_id: z.string(),
  payout_address: nullable(z.string()),
  amount_usd: z.string(),
  method: z.string(),
  status: z.string(),
  tx_hash: nullable(z.string()),
  block_number: nullable(z.number()),
  created_at: z.string(),
  paid_at: nullable(z.string()),
  hold_reason: nullable(z.string()),
  outside_reference: nullable(z.string()),
};
export const payoutSchema = z.object(payoutFields);
export type Payout = z.output<typeof payoutSchema>;
export const payoutPage = pageOf(payoutSchema);
export const payoutDetailSchema = z.object({
  ...payoutFields,
  settlements: z.array(
    z.object({
      settlement_id: z.string(),
      status: z.string(),
      outcome: nullable(z.string()),
      mined_tx_hash: nullable(z.string()),
      mined_block_number: nullable(z.string()),
    }),
  ),
  attempts: z.array(
    z.object({
      tx_hash: z.string(),
      nonce: z.string(),
      seq: z.number(),
      kind: z.string(),
      send_state: z.string(),
      max_fee_wei: z.string(),
      priority_fee_wei: z.string(),
      signed_at: z.string(),
      first_sent_at: nullable(z.string()),
      send_count: z.number(),
      last_error: nullable(z.string()),
    }),
  ),
  changes: z.array(z.object({ at: z.string(), status: z.string(), detail: z.string() })),
});

export const payoutStateSchema = z.object({
  paused: z.boolean(),
  pause: nullable(z.object({ reason: z.string(), actor: z.string(), since: z.string() })),
  method: z.string(),
  interval_seconds: z.number(),
  min_payout_usd: z.string(),
  max_payout_usd: nullable(z.string()),
  max_daily_payout_usd: nullable(z.string()),
});

export const treasurySchema = z.object({
  method: z.string(),
  state: z.string(),
  detail: nullable(z.string()),
  waits_for: nullable(z.string()),
  chain_id: nullable(z.number()),
  explorer_url: nullable(z.string()),
  treasury_address: nullable(z.string()),
  gas_payer_address: nullable(z.string()),
  token_address: nullable(z.string()),
  treasury_usd: nullable(z.string()),
  owed_usd: nullable(z.string()),
  pay_per_hour_usd: nullable(z.string()),
  pay_hours: nullable(z.number()),
  gas_eth: nullable(z.string()),
  gas_per_hour_eth: nullable(z.string()),
  gas_hours: nullable(z.number()),
});

export const rateSchema = z.object({
  orchestrator_id: nullable(z.string()),
  usd_per_minute: nullable(z.string()),
  effective_from: z.string(),
  created_at: z.string(),
  actor: z.string(),
});
export const ratePage = pageOf(rateSchema);

export const policySchema = z.object({
  id: z.string(),
  orchestrator_id: nullable(z.string()),
  min_uptime: nullable(z.number()),
  aggregation: nullable(z.string()),
  required_services: nullable(z.array(z.string())),
  effective_from: z.string(),
  created_at: z.string(),
  actor: z.string(),
});
export const policyPage = pageOf(policySchema);

export const alertSchema = z.object({
  id: z.string(),
  kind: z.string(),
  subject: z.string(),
  state: z.enum(['open', 'resolved']),
  text: z.string(),
  opened_at: z.string(),
  last_seen_at: z.string(),
  seen_count: z.number(),
  resolved_at: nullable(z.string()),
});
export type Alert = z.output<typeof alertSchema>;
export const alertPage = pageOf(alertSchema);

export const auditSchema = z.object({
  id: z.string(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  before: z.unknown(),
  after: z.unknown(),
});
export const auditPage = pageOf(auditSchema);

export const anything = z.unknown();
