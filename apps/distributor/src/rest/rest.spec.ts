import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { z } from 'zod';
import {
  type RunningDistributor,
  startDistributor,
  until,
  viewerPassword,
} from '../testing/running-distributor.js';
import { type SigningWorker, startSigningWorker } from '../testing/signing-worker.js';

const services = ['autogen_agent', 'redis_scb'];
const payoutAddress = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const otherAddress = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC';
const nobody = '019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11';

const record = z.record(z.string(), z.unknown());
const page = z.object({ items: z.array(record), next_cursor: z.string().nullable() });
const problem = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
});
const operations = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

describe('REST interface of the distributor', () => {
  const cleanups: (() => Promise<void>)[] = [];
  let worker: SigningWorker;
  let distributor: RunningDistributor;
  let token: string;

  beforeAll(async () => {
    const database = await createTestDatabase();
    cleanups.push(() => database.drop());
    worker = await startSigningWorker(services);
    cleanups.push(() => worker.close());
    distributor = await startDistributor({
      DATABASE_URL: database.url,
      PAYMENT_INTERVAL_SECONDS: '1',
      REQUIRED_SERVICES: services.join(','),
      SETTLE_INTERVAL_SECONDS: '1',
      MIN_PAYOUT_USD: '0.3',
      PAYOUT_ADDRESS_DELAY_SECONDS: '0',
      ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
      WORKER_URL: worker.url,
      PAYOUT_ADDRESSES: payoutAddress,
    });
    cleanups.push(() => distributor.close());
    await until(
      () => distributor.ask('/health/ready'),
      ({ status }) => status === 200,
    );
    token = await distributor.signIn();
  });

  afterAll(async () => {
    for (const clean of cleanups.reverse()) await clean();
  });

  const get = (path: string) => distributor.ask(`/api/v1/${path}`, { token });
  const send = (method: string, path: string, body?: unknown) =>
    distributor.ask(`/api/v1/${path}`, { method, token, body });
  const itemsOf = async (path: string) => page.parse((await get(path)).body).items;
  const fieldsOf = (answer: { body: unknown }) => [
    ...new Set(problem.parse(answer.body).errors?.map(({ field }) => field)),
  ];

  /** An orchestrator of its own for a test. */
  async function create(fields: Record<string, unknown> = {}) {
    const suffix = Math.random().toString(16).slice(2, 10);
    const answer = await send('POST', 'orchestrators', {
      service_uri: `https://${suffix}:9995`,
      worker_address: `0x${suffix.padEnd(40, '0')}`,
      ...fields,
    });
    expect(answer.status).toBe(201);
    return z.object({ id: z.string() }).loose().parse(answer.body);
  }

  describe('authority', () => {
    it('asks every documented route for a token, but sign-in and status', async () => {
      const { paths } = operations.parse((await distributor.ask('/docs-json')).body);
      const asked = Object.entries(paths)
        .filter(([path]) => path.startsWith('/api/'))
        .flatMap(([path, methods]) =>
          Object.keys(methods).map((method) => [method, path.replace('{id}', nobody)]),
        );
      const open: string[] = [];
      for (const [method = '', path = ''] of asked) {
        for (const credential of [undefined, 'not.a.token', `${token.slice(0, -4)}AAAA`]) {
          const answer = await distributor.ask(path, {
            method: method.toUpperCase(),
            ...(credential !== undefined && { token: credential }),
          });
          if (answer.status === 401 && answer.headers.has('www-authenticate')) problem.parse(answer.body);
          else if (!open.includes(path)) open.push(path);
        }
      }
      expect(open.sort()).toEqual(['/api/v1/auth/login', '/api/v1/status']);
      expect(asked.length).toBeGreaterThan(18);
    });

    it('lets a viewer read and change nothing', async () => {
      const viewer = await distributor.signIn(viewerPassword);
      expect((await distributor.ask('/api/v1/balances', { token: viewer })).status).toBe(200);
      const answer = await distributor.ask('/api/v1/payouts/pause', {
        method: 'POST',
        token: viewer,
        body: { reason: 'x' },
      });
      expect(answer.status).toBe(403);
      expect(
        (await distributor.ask('//api//v1//payouts/run/', { method: 'POST', token: viewer })).status,
      ).toBe(403);
    });
  });

  describe('orchestrators', () => {
    it('were made from the environment, with the fields of the contract', async () => {
      const [first] = await itemsOf('orchestrators');
      expect(first).toMatchObject({
        service_uri: 'https://172.23.0.7:9995',
        worker_url: worker.url,
        payout_address: payoutAddress,
        status: 'active',
        rate_usd_per_minute: '10.000000',
        min_uptime: 95,
        required_services: services,
      });
      expect(Object.keys(first ?? {}).sort()).toEqual([
        'created_at',
        'id',
        'min_uptime',
        'name',
        'payout_address',
        'payout_address_effective_from',
        'rate_usd_per_minute',
        'required_services',
        'service_uri',
        'status',
        'worker_address',
        'worker_url',
      ]);
    });

    it('are added, read, changed and archived, and the audit log knows by whom', async () => {
      const created = await create({ name: 'studio', min_uptime: 99.5, rate_usd_per_minute: '12.5' });
      expect(created).toMatchObject({ name: 'studio', min_uptime: 99.5, rate_usd_per_minute: '12.500000' });

      const changed = await send('PATCH', `orchestrators/${created.id}`, {
        name: 'studio two',
        payout_address: otherAddress.toLowerCase(),
        min_uptime: null,
        required_services: ['autogen_agent'],
      });
      expect(changed.status).toBe(200);
      expect(changed.body).toMatchObject({
        name: 'studio two',
        payout_address: otherAddress,
        min_uptime: 95,
        required_services: ['autogen_agent'],
      });

      const accepted = await send('POST', `orchestrators/${created.id}/accept-worker`, {
        worker_address: otherAddress,
      });
      expect(accepted).toMatchObject({ status: 200, body: { worker_address: otherAddress } });

      expect((await send('DELETE', `orchestrators/${created.id}`)).status).toBe(204);
      expect((await get(`orchestrators/${created.id}`)).body).toMatchObject({ status: 'archived' });

      const entries = (await itemsOf('audit?limit=200')).filter(({ subject }) =>
        String(subject).includes(created.id),
      );
      expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set(['admin']));
      expect(entries.map(({ action }) => action)).toEqual(
        expect.arrayContaining(['orchestrator created', 'orchestrator changed', 'orchestrator archived']),
      );
    });

    it.each([
      ['no service URI', { service_uri: undefined }, 'service_uri'],
      ['a file as worker URL', { worker_url: 'file:///etc/passwd' }, 'worker_url'],
      ['a user name in a URL', { worker_url: 'http://user:secret@host' }, 'worker_url'],
      [
        'an address with a wrong checksum',
        { payout_address: '0x70997970c51812dc3A010C7d01b50e0d17dc79C8' },
        'payout_address',
      ],
      ['no worker address', { worker_address: undefined }, 'worker_address'],
      ['a threshold of 100', { min_uptime: 100 }, 'min_uptime'],
      ['a threshold with three decimals', { min_uptime: 95.123 }, 'min_uptime'],
      ['a threshold as text', { min_uptime: '95' }, 'min_uptime'],
      ['money as a number', { rate_usd_per_minute: 10 }, 'rate_usd_per_minute'],
      ['seven decimals', { rate_usd_per_minute: '1.0000001' }, 'rate_usd_per_minute'],
      ['no services', { required_services: [] }, 'required_services'],
      ['an empty service', { required_services: ['a', ' '] }, 'required_services[1]'],
    ])('refuse %s and name the field', async (_case, fields, field) => {
      const answer = await send('POST', 'orchestrators', {
        service_uri: 'https://refused:9995',
        worker_address: otherAddress,
        ...fields,
      });
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(fieldsOf(answer)).toEqual([field]);
    });

    it('refuse a field that they do not know, broken JSON, and a body that is too large', async () => {
      const unknown = await send('PATCH', `orchestrators/${nobody}`, { payoutAddress });
      expect(unknown.status).toBe(400);
      expect(problem.parse(unknown.body).detail).toContain('payoutAddress');
      expect((await send('POST', 'orchestrators', '{"service_uri":')).status).toBe(400);
      expect((await send('POST', 'orchestrators', { name: 'x'.repeat(300_000) })).status).toBe(413);
      expect((await send('PATCH', `orchestrators/${nobody}`, {})).status).toBe(400);
    });

    it('answer 404 for one that does not exist and 400 for what is no id', async () => {
      expect((await get(`orchestrators/${nobody}`)).status).toBe(404);
      const answer = await get('orchestrators/first');
      expect(answer.status).toBe(400);
      expect(fieldsOf(answer)).toEqual(['id']);
    });

    it('answer 409 when the worker belongs to another', async () => {
      const { worker_address: workerAddress } = await create();
      const answer = await send('POST', 'orchestrators', {
        service_uri: 'https://thief:9995',
        worker_address: workerAddress,
      });
      expect(answer.status).toBe(409);
      expect(fieldsOf(answer)).toEqual(['worker_address']);
    });

    it('answer 422 when a rule of the books is broken', async () => {
      const { id } = await create();
      const answer = await send('PATCH', `orchestrators/${id}`, { rate_usd_per_minute: '100.000001' });
      expect(answer.status).toBe(422);
    });

    it('can be walked page by page to the end, each once', async () => {
      await Promise.all([create(), create(), create()]);
      const all = await itemsOf('orchestrators?limit=200');
      const walked: unknown[] = [];
      let cursor: string | null = null;
      do {
        const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const answer = page.parse((await get(`orchestrators?limit=2${query}`)).body);
        expect(answer.items.length).toBeLessThanOrEqual(2);
        walked.push(...answer.items.map(({ id }) => id));
        cursor = answer.next_cursor;
      } while (cursor !== null);
      expect(walked).toEqual(all.map(({ id }) => id));
    });

    it.each(['limit=0', 'limit=201', 'limit=ten', 'limit=-1', 'status=gone', 'cursor=nonsense'])(
      'refuse ?%s and name it',
      async (query) => {
        const answer = await get(`orchestrators?${query}`);
        expect([400, 422]).toContain(answer.status);
        expect(fieldsOf(answer)).toEqual([query.split('=')[0]]);
      },
    );
  });

  describe('rates', () => {
    it('are changed from a later period on, for one or for all, and listed', async () => {
      const { id } = await create();
      const own = await send('PUT', `orchestrators/${id}/rate`, { usd_per_minute: '6' });
      expect(own.body).toMatchObject({ orchestrator_id: id, usd_per_minute: '6.000000', actor: 'admin' });

      const from = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_600_000).toISOString();
      const general = await send('PUT', 'rates/default', { usd_per_minute: '11.25', effective_from: from });
      expect(general.body).toMatchObject({
        orchestrator_id: null,
        usd_per_minute: '11.250000',
        effective_from: from,
      });

      expect((await get(`orchestrators/${id}`)).body).toMatchObject({ rate_usd_per_minute: '6.000000' });
      const listed = await itemsOf(`rates?orchestrator_id=${id}`);
      expect(listed).toEqual([own.body]);
      expect((await send('PUT', `orchestrators/${id}/rate`, { usd_per_minute: null })).body).toMatchObject({
        usd_per_minute: null,
      });
    });

    it.each([
      [
        'in the past',
        { usd_per_minute: '1', effective_from: '2020-01-01T00:00:00.000Z' },
        422,
        'effective_from',
      ],
      ['above the maximum', { usd_per_minute: '100.000001' }, 422, 'usd_per_minute'],
      ['below zero', { usd_per_minute: '-1' }, 400, 'usd_per_minute'],
      ['without an amount', {}, 400, 'usd_per_minute'],
      ['at a time that is none', { usd_per_minute: '1', effective_from: 'tomorrow' }, 400, 'effective_from'],
    ])('are refused %s', async (_case, body, status, field) => {
      const answer = await send('PUT', 'rates/default', body);
      expect(answer.status).toBe(status);
      expect(fieldsOf(answer)).toEqual([field]);
    });

    it('answer 404 for an orchestrator that does not exist', async () => {
      expect((await send('PUT', `orchestrators/${nobody}/rate`, { usd_per_minute: '1' })).status).toBe(404);
    });
  });

  describe('policies', () => {
    it('are versions with their own start, for one or for all', async () => {
      const { id } = await create();
      const answer = await send('POST', 'policies', {
        orchestrator_id: id,
        min_uptime: 90.25,
        aggregation: 'all',
      });
      expect(answer).toMatchObject({
        status: 201,
        body: {
          orchestrator_id: id,
          min_uptime: 90.25,
          aggregation: 'all',
          required_services: null,
          actor: 'admin',
        },
      });
      expect(await itemsOf(`policies?orchestrator_id=${id}`)).toEqual([answer.body]);
      expect((await get(`orchestrators/${id}`)).body).toMatchObject({ min_uptime: 90.25 });
    });

    it('refuse what makes no sense', async () => {
      expect(fieldsOf(await send('POST', 'policies', { aggregation: 'median' }))).toEqual(['aggregation']);
      expect((await send('POST', 'policies', { min_uptime: null })).status).toBe(422);
      expect((await send('POST', 'policies', { orchestrator_id: nobody, min_uptime: 90 })).status).toBe(404);
      const past = await send('POST', 'policies', {
        min_uptime: 90,
        effective_from: '2020-01-01T00:00:00.000Z',
      });
      expect(past.status).toBe(422);
      expect(fieldsOf(past)).toEqual(['effective_from']);
    });
  });

  describe('what was judged', () => {
    it('shows a paid period with its evidence, and who is on air', async () => {
      const [paid] = await until(
        () => itemsOf('assessments?decision=paid&limit=1'),
        (items) => items.length > 0,
      );
      expect(paid).toMatchObject({
        decision: 'paid',
        reason: null,
        uptime_percentage: 100,
        rate_usd_per_minute: '10.000000',
        min_uptime: 95,
        evidence: { report: { worker_address: worker.address, services: expect.any(Array) } },
      });
      expect(paid?.amount_usd).toMatch(/^0\.16666[67]$/);
      expect(Object.keys(paid ?? {}).sort()).toEqual([
        'amount_usd',
        'decision',
        'evidence',
        'id',
        'min_uptime',
        'orchestrator_id',
        'period_end',
        'period_start',
        'rate_usd_per_minute',
        'reason',
        'reason_text',
        'uptime_percentage',
      ]);

      const { body } = await until(
        () => distributor.ask('/api/v1/status'),
        ({ body }) => JSON.stringify(body).includes('"on_air"'),
      );
      expect(body).toMatchObject({
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        period_seconds: 1,
        last_period: { start: expect.any(String), end: expect.any(String) },
      });
      expect(record.parse(body).orchestrators).toContainEqual(
        expect.objectContaining({
          state: 'on_air',
          services: services.map((name) => ({ name, state: 'up' })),
        }),
      );
      expect(JSON.stringify(body)).not.toMatch(/usd|amount|balance/i);
    });

    it('names the service that was down', async () => {
      worker.down.add('autogen_agent');
      const [unpaid] = await until(
        () => itemsOf('assessments?decision=unpaid&limit=1'),
        (items) => items.length > 0,
      );
      expect(unpaid).toMatchObject({
        reason: 'below_threshold',
        uptime_percentage: 50,
        amount_usd: '0.000000',
      });
      expect(unpaid?.reason_text).toContain('autogen_agent');
      await until(
        () => distributor.ask('/api/v1/status'),
        ({ body }) => JSON.stringify(body).includes('{"name":"autogen_agent","state":"down"}'),
      );
      worker.down.clear();
    });

    it('is filtered by orchestrator and time', async () => {
      const { id } = await create();
      expect(await itemsOf(`assessments?orchestrator_id=${nobody}`)).toEqual([]);
      expect(await itemsOf('assessments?to=2020-01-01T00:00:00.000Z')).toEqual([]);
      expect(fieldsOf(await get(`assessments?orchestrator_id=${id}x`))).toEqual(['orchestrator_id']);
      expect(fieldsOf(await get('assessments?decision=maybe'))).toEqual(['decision']);
      expect(fieldsOf(await get('assessments?from=yesterday'))).toEqual(['from']);
    });

    it('logged each decision as one line', async () => {
      await until(
        () => Promise.resolve(distributor.log.filter((line) => line.includes('"period assessed"'))),
        (lines) => lines.length > 0,
      );
      expect(distributor.log.join('')).not.toContain('LivepeerManager2025');
    });
  });

  describe('money', () => {
    it('is where it should be: accrued + adjusted = payable + in settlement + paid', async () => {
      const [balance] = await until(
        () => itemsOf('balances'),
        (items) => items[0]?.accrued_usd !== '0.000000',
      );
      const micro = (field: string) => BigInt(String(balance?.[field]).replace('.', ''));
      expect(micro('accrued_usd') + micro('adjusted_usd')).toBe(
        micro('payable_usd') + micro('in_settlement_usd') + micro('paid_usd'),
      );
    });

    it('becomes payouts, which can be read one by one', async () => {
      const [payout] = await until(
        () => itemsOf('payments?limit=1'),
        (items) => items.length > 0,
      );
      expect(payout).toMatchObject({
        payout_address: payoutAddress,
        method: 'ledger',
        status: expect.stringMatching(/^(reserved|held)$/),
        tx_hash: null,
        block_number: null,
        paid_at: null,
      });
      const one = await get(`payments/${String(payout?.id)}`);
      expect(one.body).toMatchObject({ ...payout, attempts: [], changes: [{ status: 'reserved' }] });
      expect((await get(`payments/${nobody}`)).status).toBe(404);
      expect(fieldsOf(await get('payments?status=lost'))).toEqual(['status']);
    });

    it('is marked paid with its outside reference, once', async () => {
      const [payout] = await until(
        () => itemsOf('payments?status=reserved&limit=1'),
        (items) => items.length > 0,
      );
      const path = `payments/${String(payout?.id)}`;
      expect(fieldsOf(await send('POST', `${path}/mark-paid`, {}))).toEqual(['reference']);
      expect((await send('POST', `${path}/mark-paid`, { reference: 'SEPA 42' })).body).toMatchObject({
        status: 'paid',
        outside_reference: 'SEPA 42',
        paid_at: expect.any(String),
      });
      expect((await send('POST', `${path}/mark-paid`, { reference: 'SEPA 43' })).status).toBe(409);
      expect((await send('POST', `${path}/release`)).status).toBe(409);
      expect((await send('POST', `${path}/cancel`)).status).toBe(409);
      expect((await send('POST', `payments/${nobody}/release`)).status).toBe(404);
    });

    it('stops leaving while payouts are paused, and the pause needs a reason', async () => {
      const refused = await send('POST', 'payouts/pause', {});
      expect(refused.status).toBe(400);
      expect(fieldsOf(refused)).toEqual(['reason']);

      expect((await send('POST', 'payouts/pause', { reason: 'a look at the books' })).body).toMatchObject({
        paused: true,
        method: 'ledger',
        min_payout_usd: '0.300000',
        max_payout_usd: null,
      });
      expect((await get('payouts')).body).toMatchObject({ paused: true });
      expect((await send('POST', 'payouts/resume')).body).toMatchObject({ paused: false });
      expect((await itemsOf('audit?limit=10')).map(({ action }) => action)).toEqual(
        expect.arrayContaining([expect.stringMatching(/paused/), expect.stringMatching(/resumed/)]),
      );
    });

    it('is settled at once when asked, and reconciles', async () => {
      const run = await send('POST', 'payouts/run');
      expect(run.status).toBe(200);
      expect(run.body).toMatchObject({ payouts: expect.any(Array), skipped: expect.any(Array) });
      expect((await get('reconciliation')).body).toMatchObject({ ok: true, differences: [] });
    });
  });

  describe('its surroundings', () => {
    it('document themselves: bearer sign-in, summaries, schemas', async () => {
      const { body } = await distributor.ask('/docs-json');
      const document = z
        .object({
          components: z.object({ securitySchemes: record, schemas: record }),
          paths: z.record(z.string(), z.record(z.string(), z.object({ summary: z.string() }).loose())),
        })
        .parse(body);
      expect(document.components.securitySchemes).toMatchObject({ bearer: { scheme: 'bearer' } });
      expect(Object.keys(document.components.schemas)).toEqual(
        expect.arrayContaining([
          'Orchestrator',
          'Rate',
          'Assessment',
          'Balance',
          'Payment',
          'Status',
          'Token',
        ]),
      );
      expect(document.paths['/api/v1/orchestrators/{id}/rate']?.put).toMatchObject({
        parameters: [expect.objectContaining({ name: 'id', in: 'path', required: true })],
      });
      expect((await distributor.ask('/docs')).status).toBe(200);
    });

    it('serve the page with a strict policy and without anything from elsewhere', async () => {
      const answer = await distributor.ask('/');
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      const html = z.string().parse(answer.body);
      expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
      expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style="|onclick=/);
      const linked = [...html.matchAll(/(?:src|href)="([\w.-]+\.(?:js|css|svg))"/g)].map(
        ([, file]) => file ?? '',
      );
      expect(linked.length).toBeGreaterThan(2);
      for (const file of linked) expect((await distributor.ask(`/${file}`)).status).toBe(200);
    });

    it('answer a path that does not exist, and one that is malformed, with a problem', async () => {
      expect(problem.parse((await distributor.ask('/api/v1/nothing', { token })).body).status).toBe(404);
      expect(problem.parse((await distributor.ask('/%zz')).body).status).toBe(400);
      expect((await distributor.ask('/../package.json')).status).toBe(404);
      expect((await distributor.ask('/..%2f..%2fpackage.json')).status).toBe(404);
    });

    it('count without amounts when no token guards the metrics', async () => {
      const { body } = await distributor.ask('/metrics');
      expect(body).toContain('distributor_last_period_end_timestamp_seconds');
      expect(body).not.toContain('usd');
    });

    it('are ready and say what of', async () => {
      expect((await distributor.ask('/health')).body).toMatchObject({
        status: 'ok',
        info: { database: { status: 'up' }, assessment: { status: 'up' } },
      });
      expect((await distributor.ask('/health/live')).status).toBe(200);
    });
  });
});
