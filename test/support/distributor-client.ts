import { z } from 'zod';

const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });

const usd = z
  .string()
  .regex(/^-?\d+\.\d{6}$/)
  .transform((text) => BigInt(text.replace('.', '')));

export const assessmentSchema = z.looseObject({
  id: z.string(),
  orchestrator_id: z.string(),
  period_start: z.string(),
  period_end: z.string(),
  decision: z.enum(['paid', 'unpaid', 'pending']),
  reason: z.unknown(),
  amount_usd: usd,
});

const paymentSchema = z.looseObject({
  id: z.string(),
  status: z.string(),
  amount_usd: usd,
  payout_address: z.string().nullable(),
  tx_hash: z.string().nullable(),
});

const balanceSchema = z.looseObject({
  orchestrator_id: z.string(),
  accrued_usd: usd,
  adjusted_usd: usd,
  payable_usd: usd,
  in_settlement_usd: usd,
  paid_usd: usd,
});

const reconciliationSchema = z.looseObject({ ok: z.boolean(), differences: z.array(z.unknown()) });

/** The REST API as a client sees it, each answer parsed. */
export class DistributorClient {
  private constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  static async signIn(url: string, password: string): Promise<DistributorClient> {
    const response = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password }),
    });
    const { access_token } = z.object({ access_token: z.string() }).parse(await response.json());
    return new DistributorClient(url, access_token);
  }

  async request(path: string, init: RequestInit = {}): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  async assessments(query = 'limit=200') {
    return pageOf(assessmentSchema).parse(await this.request(`/assessments?${query}`)).items;
  }

  async payments() {
    return pageOf(paymentSchema).parse(await this.request('/payments?limit=200')).items;
  }

  async balances() {
    const body = await this.request('/balances');
    return z
      .union([pageOf(balanceSchema).transform(({ items }) => items), z.array(balanceSchema)])
      .parse(body);
  }

  async reconciliation() {
    return reconciliationSchema.parse(await this.request('/reconciliation'));
  }
}
