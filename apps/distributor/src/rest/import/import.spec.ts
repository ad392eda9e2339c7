import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { otherAddress, payoutAddress, problem, type RestRig, startRestRig } from '../../testing/rest-rig.js';
import { viewerPassword } from '../../testing/running-distributor.js';

const report = z.strictObject({
  dry_run: z.boolean(),
  created: z.int(),
  unchanged: z.int(),
  rows: z.array(
    z.strictObject({
      row: z.int(),
      service_uri: z.string(),
      outcome: z.string(),
      orchestrator_id: z.uuid().nullable(),
    }),
  ),
});

const newAddress = () => `0x${randomBytes(20).toString('hex')}`;
let named = 0;
const newUri = () => `https://listed${(named += 1)}:9995`;

describe('REST: import of orchestrators', () => {
  let rig: RestRig;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  const send = (body: unknown, { type = 'application/json', query = '', token = rig.token } = {}) =>
    rig.distributor.ask(`/api/v1/orchestrators/import${query}`, {
      method: 'POST',
      token,
      body,
      headers: { 'content-type': type },
    });
  const csv = (lines: readonly string[], query = '') =>
    send(lines.join('\r\n'), { type: 'text/csv; charset=utf-8', query });
  const stored = async (uri: string) =>
    (await rig.itemsOf('orchestrators?limit=200')).find(({ service_uri: known }) => known === uri);

  it('reads CSV with every field, a byte order mark, CRLF and quotes', async () => {
    const [first, second] = [newUri(), newUri()];
    const answer = await csv([
      '\uFEFFService_URI, name ,worker_address,worker_url,payout_address,rate_usd_per_minute,min_uptime,required_services',
      `${first}/,"Studio ""A"", Berlin",${newAddress()},http://a:9876,${payoutAddress},12.5,99.5,a; b|c`,
      '',
      `${second},,${newAddress()},,,,,`,
    ]);
    expect(answer.status).toBe(200);
    expect(report.parse(answer.body)).toMatchObject({
      dry_run: false,
      created: 2,
      unchanged: 0,
      rows: [
        { row: 0, service_uri: first, outcome: 'created', orchestrator_id: expect.any(String) },
        { row: 1, service_uri: second, outcome: 'created' },
      ],
    });
    expect(await stored(first)).toMatchObject({
      name: 'Studio "A", Berlin',
      worker_url: 'http://a:9876',
      payout_address: payoutAddress,
      rate_usd_per_minute: '12.500000',
      min_uptime: 99.5,
      required_services: ['a', 'b', 'c'],
      status: 'active',
    });
    expect(await stored(second)).toMatchObject({
      name: new URL(second).host,
      worker_url: null,
      payout_address: null,
      rate_usd_per_minute: '10.000000',
      min_uptime: 95,
    });
  });

  it('reads JSON, and may be repeated without doing anything', async () => {
    const list = [
      { service_uri: newUri(), worker_address: newAddress(), name: 'one', rate_usd_per_minute: '5' },
      { service_uri: newUri(), worker_address: newAddress(), required_services: ['x', 'y'] },
    ];
    const first = report.parse((await send(list)).body);
    expect(first).toMatchObject({ created: 2, unchanged: 0 });
    const audited = (await rig.itemsOf('audit?limit=200')).length;
    const again = report.parse((await send(list)).body);
    expect(again).toMatchObject({ created: 0, unchanged: 2 });
    expect(again.rows.map(({ orchestrator_id: id }) => id)).toEqual(
      first.rows.map(({ orchestrator_id: id }) => id),
    );
    expect((await rig.itemsOf('audit?limit=200')).length).toBe(audited);
    const more = [...list, { service_uri: newUri(), worker_address: newAddress() }];
    expect(report.parse((await send(more)).body)).toMatchObject({ created: 1, unchanged: 2 });
  });

  it('says what it would do, and does not do it', async () => {
    const uri = newUri();
    const list = [{ service_uri: uri, worker_address: newAddress() }];
    expect(report.parse((await send(list, { query: '?dry_run=true' })).body)).toEqual({
      dry_run: true,
      created: 1,
      unchanged: 0,
      rows: [{ row: 0, service_uri: uri, outcome: 'created', orchestrator_id: null }],
    });
    expect(await stored(uri)).toBeUndefined();
    expect((await send(list, { query: '?dry_run=perhaps' })).status).toBe(400);
  });

  it('names every fault of every row, and imports nothing', async () => {
    const worker = newAddress();
    const good = newUri();
    const answer = await csv([
      'service_uri,worker_address,rate_usd_per_minute,min_uptime,payout_address',
      `${good},${newAddress()},,,`,
      `ftp://x,0x12,-1,95.123,`,
      `${newUri()},${worker},100.000001,lots,`,
      `${newUri()},${worker},,,`,
      `${good}/,${newAddress()},,,`,
      `${newUri()},${newAddress()}`,
      `,${newAddress()},,,${payoutAddress.replace('0x70', '0x71')}`,
    ]);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const { errors = [], detail } = problem.parse(answer.body);
    expect(errors.map(({ field }) => field)).toEqual([
      'rows[1].service_uri',
      'rows[1].worker_address',
      'rows[1].rate_usd_per_minute',
      'rows[1].min_uptime',
      'rows[2].min_uptime',
      'rows[4].service_uri',
      'rows[5]',
      'rows[6].service_uri',
      'rows[6].payout_address',
    ]);
    expect(errors.find(({ field }) => field === 'rows[4].service_uri')?.detail).toBe(
      'is the same as in rows[0]',
    );
    expect(errors.find(({ field }) => field === 'rows[5]')?.detail).toBe(
      'has 2 fields, and the header row has 5 (line 7)',
    );
    expect(detail).toContain('5 of the rows are at fault');
    expect(await stored(good)).toBeUndefined();
  });

  it('answers 422 for what a rule forbids and 409 for what collides, and names whom with', async () => {
    const { id, service_uri: uri, worker_address: worker } = await rig.create({ name: 'mine' });
    const rule = await send([
      { service_uri: newUri(), worker_address: newAddress(), rate_usd_per_minute: '101' },
    ]);
    expect(rule.status).toBe(422);
    expect(problem.parse(rule.body).errors?.map(({ field }) => field)).toEqual([
      'rows[0].rate_usd_per_minute',
    ]);
    const conflict = await send([
      { service_uri: uri, worker_address: worker, name: 'yours', min_uptime: 90 },
      { service_uri: newUri(), worker_address: worker },
      { service_uri: newUri(), worker_address: otherAddress },
    ]);
    // The worker stands twice in the list, which is against a rule already.
    expect(conflict.status).toBe(422);
    const alone = await send([
      { service_uri: uri, worker_address: worker, name: 'yours', min_uptime: 90 },
      { service_uri: newUri(), worker_address: newAddress() },
    ]);
    expect(alone.status).toBe(409);
    expect(problem.parse(alone.body).errors).toEqual([
      { field: 'rows[0].name', detail: expect.stringContaining(id) },
      { field: 'rows[0].min_uptime', detail: expect.stringContaining(id) },
    ]);
    const taken = await send([{ service_uri: newUri(), worker_address: worker }]);
    expect(taken.status).toBe(409);
    expect(problem.parse(taken.body).errors).toEqual([
      { field: 'rows[0].worker_address', detail: `belongs to the orchestrator ${id}` },
    ]);
  });

  it.each([
    ['an unknown column', 'service_uri,worker_address,wallet\r\na,b,c', 'wallet'],
    ['a column twice', 'service_uri,worker_address,name,name\r\na,b,c,d', 'name'],
    ['no worker address', 'service_uri\r\nhttps://x:1', 'worker_address'],
    ['nothing', '', 'header'],
  ])('refuses a header row with %s', async (_case, text, field) => {
    const answer = await send(text, { type: 'text/csv' });
    expect(answer.status).toBe(400);
    expect(problem.parse(answer.body).errors?.map((error) => error.field)).toEqual([field]);
  });

  it('refuses what is no CSV, no list, no text, and a list without rows', async () => {
    expect((await csv(['service_uri,worker_address', '"https://x:1,0x'])).status).toBe(400);
    expect((await send({ service_uri: 'https://x:1' })).status).toBe(400);
    expect((await send([])).status).toBe(422);
    expect((await send('<a/>', { type: 'application/xml' })).status).toBe(415);
    const { status } = await fetch(`${rig.distributor.url}/api/v1/orchestrators/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${rig.token}`, 'content-type': 'text/csv' },
      body: Buffer.from('service_uri,worker_address\r\nhttps://\xff:1,0x', 'latin1'),
    });
    expect(status).toBe(400);
  });

  it('takes a large list from who is signed in, here and nowhere else', async () => {
    const list = Array.from({ length: 3_000 }, () => ({
      service_uri: newUri(),
      worker_address: newAddress(),
      required_services: ['x'.repeat(150)],
    }));
    expect(JSON.stringify(list).length).toBeGreaterThan(700_000);
    expect(report.parse((await send(list)).body)).toMatchObject({ created: 3_000 });
    expect((await send('x'.repeat(9 * 1024 * 1024), { type: 'text/csv' })).status).toBe(413);
    expect((await send([], { token: 'not.a.token' })).status).toBe(401);
    const elsewhere = await rig.distributor.ask('/api/v1/orchestrators', {
      method: 'POST',
      token: rig.token,
      body: 'service_uri\r\nx',
      headers: { 'content-type': 'text/csv' },
    });
    expect(elsewhere.status).toBe(415);
  });

  it('is not for a viewer', async () => {
    const token = await rig.distributor.signIn(viewerPassword);
    expect((await send([{ service_uri: newUri(), worker_address: newAddress() }], { token })).status).toBe(
      403,
    );
  });
});
