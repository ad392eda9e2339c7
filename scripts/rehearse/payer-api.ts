import { usdSchema } from '#payments';
import { z } from 'zod';

import { askJson, PartError } from '../surroundings/ask-json.js';
import type { JudgedPeriod } from './judge-periods.js';

const pageLimit = '200';
const time = z.iso.datetime().transform((text) => Date.parse(text));

const assessmentSchema = z.object({
  orchestrator_id: z.string(),
  period_start: time,
  period_end: time,
  decision: z.enum(['paid', 'unpaid', 'pending']),
  reason: z.string().nullable(),
  reason_text: z.string().nullish(),
  amount_usd: usdSchema,
});
const orchestratorSchema = z.object({
  id: z.string(),
  service_uri: z.string(),
  payout_address: z.string().nullable(),
  created_at: time,
});
const adjustmentSchema = z.object({ orchestrator_id: z.string(), reason: z.string() });
const balanceSchema = z.object({
  orchestrator_id: z.string(),
  in_settlement_usd: usdSchema,
  paid_usd: usdSchema,
});
const reconciliationSchema = z.object({
  ok: z.boolean(),
  accounts: z.array(
    z.object({ account: z.string(), unit: z.string(), ledger: z.string(), chain: z.string() }),
  ),
  differences: z.array(z.object({ account: z.string(), detail: z.string() })),
});
export type Reconciliation = z.output<typeof reconciliationSchema>;

interface Ask {
  method?: 'GET' | 'POST';
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  timeoutMs?: number;
}

/** The distributor's REST API as the payer's programs use it. Signs in by itself, again when a token is not believed. */
export class PayerApi {
  private token: Promise<string> | undefined;

  constructor(
    readonly url: string,
    private readonly password: string,
  ) {}

  async judged(): Promise<JudgedPeriod[]> {
    return (await this.all('assessments', assessmentSchema)).map((each) => ({
      orchestratorId: each.orchestrator_id,
      startMs: each.period_start,
      endMs: each.period_end,
      decision: each.decision,
      reason: each.reason_text ?? each.reason,
      amountMicroUsd: each.amount_usd,
    }));
  }

  orchestrators = () => this.all('orchestrators', orchestratorSchema);
  adjustments = () => this.all('adjustments', adjustmentSchema);
  balances = () => this.all('balances', balanceSchema);
  reconciliation = () => this.ask('reconciliation', reconciliationSchema);

  /** @throws PartError */
  async ask<S extends z.ZodType>(path: string, schema: S, ask: Ask = {}): Promise<z.output<S>> {
    const token = (this.token ??= this.signIn());
    // Only who still holds a refused token forgets it: others may have signed in meanwhile.
    const forget = () => {
      if (this.token === token) this.token = undefined;
    };
    const bearer = await token.catch((error: unknown) => {
      forget();
      throw error;
    });
    try {
      return await askJson('the distributor', `${this.url}/api/v1/${path}`, schema, { ...ask, bearer });
    } catch (error) {
      if (error instanceof PartError && error.status === 401) forget();
      throw error;
    }
  }

  private async signIn(): Promise<string> {
    const schema = z.object({ access_token: z.string() });
    const login = { method: 'POST', body: { password: this.password } } as const;
    return (await askJson('the distributor', `${this.url}/api/v1/auth/login`, schema, login)).access_token;
  }

  /** Every item, walked to the end of the pages. */
  private async all<S extends z.ZodType>(resource: string, item: S): Promise<z.output<S>[]> {
    const page = z.object({ items: z.array(item), next_cursor: z.string().nullish() });
    const found: z.output<S>[] = [];
    for (let cursor: string | null | undefined = ''; typeof cursor === 'string';) {
      const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer: z.output<typeof page> = await this.ask(`${resource}?limit=${pageLimit}${from}`, page);
      found.push(...answer.items);
      cursor = answer.next_cursor;
    }
    return found;
  }
}
