import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import {
  fieldsOf,
  nobody,
  otherAddress,
  page,
  payoutAddress,
  problem,
  type RestRig,
  services,
  startRestRig,
} from '../testing/rest-rig.js';

describe('REST: orchestrators', () => {
  let rig: RestRig;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  it('were made from the environment, with the fields of the contract', async () => {
    const [first] = await rig.itemsOf('orchestrators');
    expect(first).toMatchObject({
      service_uri: 'https://172.23.0.7:9995',
      worker_url: rig.worker.url,
      payout_address: payoutAddress,
      status: 'active',
      rate_usd_per_minute: '10.000000',
      min_uptime: 95,
      required_services: services,
    });
    expect(Object.keys(first ?? {}).sort()).toEqual([
      'aggregation',
      'created_at',
      'id',
      'min_uptime',
      'name',
      'next_payout_address',
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
    const created = await rig.create({ name: 'studio', min_uptime: 99.5, rate_usd_per_minute: '12.5' });
    expect(created).toMatchObject({ name: 'studio', min_uptime: 99.5, rate_usd_per_minute: '12.500000' });

    const changed = await rig.send('PATCH', `orchestrators/${created.id}`, {
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

    const accepted = await rig.send('POST', `orchestrators/${created.id}/accept-worker`, {
      worker_address: otherAddress,
    });
    expect(accepted).toMatchObject({ status: 200, body: { worker_address: otherAddress } });

    expect((await rig.send('DELETE', `orchestrators/${created.id}`)).status).toBe(204);
    expect((await rig.get(`orchestrators/${created.id}`)).body).toMatchObject({ status: 'archived' });

    const entries = (await rig.itemsOf('audit?limit=200')).filter(({ subject }) =>
      String(subject).includes(created.id),
    );
    expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set(['admin']));
    expect(entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['orchestrator created', 'orchestrator changed', 'orchestrator archived']),
    );
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fd00:ec2::254]:9876',
    'http://0.0.0.0:9876',
    'http://[::ffff:a9fe:a9fe]/',
    'http://100.100.100.200',
  ])('are not made to ask %s', async (workerUrl) => {
    const { id } = await rig.create();
    for (const answer of [
      await rig.send('PATCH', `orchestrators/${id}`, { worker_url: workerUrl }),
      await rig.send('POST', 'orchestrators', {
        service_uri: 'https://guarded:9995',
        worker_address: otherAddress,
        worker_url: workerUrl,
      }),
    ]) {
      expect(answer.status).toBe(422);
      expect(fieldsOf(answer)).toEqual(['worker_url']);
    }
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
    const answer = await rig.send('POST', 'orchestrators', {
      service_uri: 'https://refused:9995',
      worker_address: otherAddress,
      ...fields,
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(fieldsOf(answer)).toEqual([field]);
  });

  it('refuse a field that they do not know, broken JSON, and a body that is too large', async () => {
    const unknown = await rig.send('PATCH', `orchestrators/${nobody}`, { payoutAddress });
    expect(unknown.status).toBe(400);
    expect(problem.parse(unknown.body).detail).toContain('payoutAddress');
    expect((await rig.send('POST', 'orchestrators', '{"service_uri":')).status).toBe(400);
    expect((await rig.send('POST', 'orchestrators', { name: 'x'.repeat(300_000) })).status).toBe(413);
    expect((await rig.send('PATCH', `orchestrators/${nobody}`, {})).status).toBe(400);
  });

  it('answer 404 for one that does not exist and 400 for what is no id', async () => {
    expect((await rig.get(`orchestrators/${nobody}`)).status).toBe(404);
    const answer = await rig.get('orchestrators/first');
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)).toEqual(['id']);
  });

  it('answer 409 when the worker belongs to another', async () => {
    const { worker_address: workerAddress } = await rig.create();
    const answer = await rig.send('POST', 'orchestrators', {
      service_uri: 'https://thief:9995',
      worker_address: workerAddress,
    });
    expect(answer.status).toBe(409);
    expect(fieldsOf(answer)).toEqual(['worker_address']);
  });

  it('answer 422 when a rule of the books is broken', async () => {
    const { id } = await rig.create();
    const answer = await rig.send('PATCH', `orchestrators/${id}`, { rate_usd_per_minute: '100.000001' });
    expect(answer.status).toBe(422);
  });

  it('can be walked page by page to the end, each once', async () => {
    await Promise.all([rig.create(), rig.create(), rig.create()]);
    const all = await rig.itemsOf('orchestrators?limit=200');
    const walked: unknown[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer = page.parse((await rig.get(`orchestrators?limit=2${query}`)).body);
      expect(answer.items.length).toBeLessThanOrEqual(2);
      walked.push(...answer.items.map(({ id }) => id));
      cursor = answer.next_cursor;
    } while (cursor !== null);
    expect(walked).toEqual(all.map(({ id }) => id));
  });

  it.each(['limit=0', 'limit=201', 'limit=ten', 'limit=-1', 'status=gone', 'cursor=nonsense'])(
    'refuse ?%s and name it',
    async (query) => {
      const answer = await rig.get(`orchestrators?${query}`);
      expect([400, 422]).toContain(answer.status);
      expect(fieldsOf(answer)).toEqual([query.split('=')[0]]);
    },
  );
});
