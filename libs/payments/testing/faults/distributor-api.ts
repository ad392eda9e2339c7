import { request } from 'undici';
import { z } from 'zod';

import { usdSchema } from '../../src/money/micro-usd.js';

const pageLimit = 200;
const answerLimitMs = 15_000;

const paymentSchema = z.object({
  id: z.uuid(),
  orchestrator_id: z.uuid(),
  payout_address: z.string().nullable(),
  amount_usd: usdSchema,
  status: z.enum(['reserved', 'sent', 'mined', 'paid', 'returned', 'held']),
  tx_hash: z.string().nullable(),
  hold_reason: z.string().nullable(),
});
/** One payout as the REST API shows it. */
export type SeenPayment = z.output<typeof paymentSchema>;

const balanceSchema = z.object({
  orchestrator_id: z.uuid(),
  payable_usd: usdSchema,
  in_settlement_usd: usdSchema,
  paid_usd: usdSchema,
});
export type SeenBalance = z.output<typeof balanceSchema>;

const reconciliationSchema = z.object({
  ok: z.boolean(),
  differences: z.array(z.object({ account: z.string(), detail: z.string() })),
});

const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });

/** The payer's REST API as a person's program uses it. */
export class DistributorApi {
  private token: string | undefined;

  constructor(
    private readonly url: string,
    private readonly password: string,
  ) {}

  payments(): Promise<SeenPayment[]> {
    return this.all('/payments', paymentSchema);
  }

  balances(): Promise<SeenBalance[]> {
    return this.all('/balances', balanceSchema);
  }

  async reconciliation(): Promise<z.output<typeof reconciliationSchema>> {
    return reconciliationSchema.parse(await this.ask('GET', '/reconciliation'));
  }

  async release(paymentId: string): Promise<void> {
    await this.ask('POST', `/payments/${paymentId}/release`);
  }

  async get(path: string): Promise<unknown> {
    return this.ask('GET', path);
  }

  async post(path: string, body?: unknown): Promise<unknown> {
    return this.ask('POST', path, body);
  }

  private async all<S extends z.ZodType>(path: string, item: S): Promise<z.output<S>[]> {
    const found: z.output<S>[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = pageOf(item).parse(await this.ask('GET', `${path}?limit=${pageLimit}${from}`));
      found.push(...page.items);
      cursor = page.next_cursor;
    }
    return found;
  }

  private async ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    this.token ??= await this.signIn();
    return this.send(method, path, body, this.token);
  }

  private async signIn(): Promise<string> {
    const answer = await this.send('POST', '/auth/login', { password: this.password });
    return z.object({ access_token: z.string() }).parse(answer).access_token;
  }

  private async send(
    method: 'GET' | 'POST',
    path: string,
    content?: unknown,
    token?: string,
  ): Promise<unknown> {
    const { statusCode, body } = await request(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(content !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(content !== undefined && { body: JSON.stringify(content) }),
      headersTimeout: answerLimitMs,
      bodyTimeout: answerLimitMs,
    });
    const text = await body.text();
    if (statusCode >= 400) throw new Error(`${method} ${path} answered ${statusCode}: ${text}`);
    return JSON.parse(text);
  }
}
