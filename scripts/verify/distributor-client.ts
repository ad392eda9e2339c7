import { usdSchema } from '#payments';
import { z } from 'zod';

import { PartError, askJson } from '../surroundings/ask-json.js';

const pageOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) });

const assessmentSchema = z.object({
  id: z.string(),
  orchestrator_id: z.string(),
  period_start: z.string(),
  period_end: z.string(),
  uptime_percentage: z.number().nullable(),
  decision: z.enum(['paid', 'unpaid', 'pending']),
  reason: z.string().nullable(),
  reason_text: z.string().nullable().optional(),
  amount_usd: usdSchema,
  evidence: z.unknown(),
});
export type AssessmentAnswer = z.output<typeof assessmentSchema>;

const balanceSchema = z.object({
  orchestrator_id: z.string(),
  accrued_usd: usdSchema,
  adjusted_usd: usdSchema,
  payable_usd: usdSchema,
  in_settlement_usd: usdSchema,
  paid_usd: usdSchema,
});
export type BalanceAnswer = z.output<typeof balanceSchema>;

const paymentSchema = z.object({
  id: z.string(),
  orchestrator_id: z.string(),
  payout_address: z.string().nullable(),
  amount_usd: usdSchema,
  method: z.string(),
  status: z.string(),
  tx_hash: z.string().nullable(),
  block_number: z.number().nullable(),
});
export type PaymentAnswer = z.output<typeof paymentSchema>;

const reconciliationSchema = z.object({
  ok: z.boolean(),
  differences: z.array(
    z.object({ account: z.string(), ledger_usd: z.string(), chain_usd: z.string(), detail: z.string() }),
  ),
});
export type ReconciliationAnswer = z.output<typeof reconciliationSchema>;

/** The distributor's REST API, as far as it is needed to verify the flow. Every method throws PartError. */
export class DistributorClient {
  private bearer: string | undefined;

  constructor(private readonly url: string) {}

  async signIn(password: string): Promise<void> {
    const schema = z.object({ access_token: z.string() });
    try {
      const { access_token: token } = await askJson(this.part, `${this.url}/api/v1/auth/login`, schema, {
        method: 'POST',
        body: { password },
      });
      this.bearer = token;
    } catch (error) {
      if (!(error instanceof PartError)) throw error;
      if (error.status === 401) {
        throw new PartError('the distributor refused the password: see --admin-password', 401, error.answer);
      }
      if (error.status === 429) {
        throw new PartError('too many sign-ins were refused lately: wait a minute', 429, error.answer);
      }
      throw error;
    }
  }

  async assessments(query: Record<string, string>): Promise<AssessmentAnswer[]> {
    return (await this.ask('assessments', pageOf(assessmentSchema), query)).items;
  }

  async balances(): Promise<BalanceAnswer[]> {
    return (await this.ask('balances', pageOf(balanceSchema))).items;
  }

  async payments(query: Record<string, string>): Promise<PaymentAnswer[]> {
    return (await this.ask('payments', pageOf(paymentSchema), query)).items;
  }

  async reconciliation(): Promise<ReconciliationAnswer> {
    return this.ask('reconciliation', reconciliationSchema);
  }

  private readonly part = 'the distributor';

  private ask<S extends z.ZodType>(
    resource: string,
    schema: S,
    query: Record<string, string> = {},
  ): Promise<z.output<S>> {
    const search = new URLSearchParams(query).toString();
    return askJson(this.part, `${this.url}/api/v1/${resource}${search === '' ? '' : `?${search}`}`, schema, {
      bearer: this.bearer,
    });
  }
}
