import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ReportSigner, zeroBytes32 } from '#monitoring';
import { createTestDatabase } from '#platform/testing';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type BadWorker, type Misbehaviour, startBadWorker, type Statement } from '../testing/bad-worker.js';
import { page } from '../testing/rest-rig.js';
import { type RunningDistributor, startDistributor, until } from '../testing/running-distributor.js';

const services = ['autogen_agent', 'redis_scb'];
const dayMs = 86_400_000n;

const shown = z.object({
  report: z.object({ services: z.array(z.object({ name: z.string(), container_ids: z.array(z.string()) })) }),
});

/** Says it with a signature. */
const states =
  (change: (honest: Statement) => Partial<Statement>): Misbehaviour =>
  ({ honest, sign }, response) => {
    response.end(sign(change(honest)));
  };

/** Changes the text after it was signed. */
const edits =
  (search: RegExp | string, replacement: string): Misbehaviour =>
  ({ sign }, response) => {
    response.end(sign().replace(search, replacement));
  };

const answers =
  (body: string, status = 200, headers: Record<string, string> = {}): Misbehaviour =>
  (_asked, response) => {
    response.writeHead(status, headers).end(body);
  };

const firstService = (change: Partial<Statement['services'][number]>) =>
  states(({ services: [first, ...others] }) => ({
    services: first ? [{ ...first, ...change }, ...others] : [],
  }));

/** The other form of the same signature: s mirrored at the order of the group. */
const mirrored: Misbehaviour = ({ sign }, response) => {
  const order = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
  const text = sign().replace(
    /"signature":"0x(.{64})(.{64})(..)"/,
    (_whole, r: string, s: string, v: string) => {
      const high = (order - BigInt(`0x${s}`)).toString(16).padStart(64, '0');
      return `"signature":"0x${r}${high}${v === '1b' ? '1c' : '1b'}"`;
    },
  );
  response.end(text);
};

const slowly: Misbehaviour = (_asked, response) => {
  const timer = setInterval(() => response.write(' '), 200);
  response.on('close', () => {
    clearInterval(timer);
  });
};

/** Who does what, why it is not paid, and a part of the sentence for people. */
const badWorkers: Record<string, [Misbehaviour, string, RegExp]> = {
  'watches one container only': [
    states((honest) => ({ services: honest.services.slice(0, 1) })),
    'missing_services',
    /lacks redis_scb/,
  ],
  'shows one container for every service': [
    states((honest) => ({
      services: honest.services.map((service) => ({ ...service, containerIds: ['the only one'] })),
    })),
    'shared_stack',
    /the only one for two services/,
  ],
  'claims up time without any container': [
    firstService({ containerIds: [] }),
    'malformed_report',
    /names no container of it/,
  ],
  'was up for 101 %': [firstService({ upMs: 1_010n }), 'malformed_report', /more than the window/],
  'says null for NaN': [edits('"up_ms":1000', '"up_ms":null'), 'malformed_report', /up_ms/],
  'says NaN': [edits('"up_ms":1000', '"up_ms":NaN'), 'no_evidence', /not JSON/],
  'says it in a string': [edits('"up_ms":1000', '"up_ms":"1000"'), 'malformed_report', /up_ms/],
  'answers an empty list': [answers('[]'), 'malformed_report', /malformed/],
  'answers an empty object': [answers('{}'), 'malformed_report', /malformed/],
  'lists no services': [states(() => ({ services: [], allUpMs: 0n })), 'missing_services', /lacks/],
  'names a service twice': [
    states(({ services: [first] }) => ({ services: first ? [first, first] : [] })),
    'malformed_report',
    /appears twice/,
  ],
  'has negative milliseconds': [edits('"down_ms":0', '"down_ms":-1'), 'malformed_report', /negative/],
  'does not add up to the window': [firstService({ downMs: 1n }), 'malformed_report', /not the window/],
  'leaves a field out': [edits(/"all_up_ms":\d+,/, ''), 'malformed_report', /all_up_ms/],
  'adds a field': [edits('"all_up_ms"', '"paid":true,"all_up_ms"'), 'malformed_report', /paid/],
  'signs a report about yesterday': [
    states(({ fromMs, toMs }) => ({ fromMs: fromMs - dayMs, toMs: toMs - dayMs })),
    'wrong_window',
    /not about this period/,
  ],
  'shows a report that was signed for nobody': [
    states(() => ({ challenge: zeroBytes32 })),
    'stale_challenge',
    /not fresh/,
  ],
  'shows the report of another worker': [
    ({ sign }, response) => {
      response.end(sign({}, ReportSigner.fromPrivateKey(randomBytes(32).toString('hex'))));
    },
    'wrong_worker',
    /signed by 0x/,
  ],
  'puts its name to the report of another worker': [
    ({ sign, signer }, response) => {
      const other = ReportSigner.fromPrivateKey(randomBytes(32).toString('hex'));
      response.end(sign({}, other).replace(other.address, signer.address));
    },
    'bad_signature',
    /signature/,
  ],
  'makes itself better afterwards': [
    ({ honest, sign }, response) => {
      const down = honest.services.map((service) => ({ ...service, upMs: 0n, downMs: service.upMs }));
      const text = sign({ services: down, allUpMs: 0n });
      response.end(text.replaceAll('"up_ms":0', '"up_ms":1000').replaceAll('"down_ms":1000', '"down_ms":0'));
    },
    'bad_signature',
    /signature/,
  ],
  'mirrors its signature': [mirrored, 'bad_signature', /not canonical/],
  'speaks for another capability': [
    states(() => ({ capability: 'text-to-image' })),
    'wrong_capability',
    /text-to-image/,
  ],
  'lives a minute ahead': [
    states(({ issuedAtMs }) => ({ issuedAtMs: issuedAtMs + 60_000n })),
    'clock_skew',
    /ms ahead/,
  ],
  'was down': [
    states(({ services: [first, ...others] }) => ({
      services: first ? [{ ...first, upMs: 0n, downMs: 1_000n }, ...others] : [],
      allUpMs: 0n,
    })),
    'below_threshold',
    /autogen_agent 1000 ms down/,
  ],
  'answers with a web page': [answers('<html>up</html>'), 'no_evidence', /not JSON/],
  'answers with nothing': [answers(''), 'no_evidence', /not JSON/],
  'sends elsewhere': [answers('', 302, { location: 'http://127.0.0.1:1/' }), 'no_evidence', /answered 302/],
  fails: [answers('{"detail":"Sorry."}', 500), 'no_evidence', /answered 500: Sorry/],
  'answers with a flood': [answers(`"${'x'.repeat(600_000)}"`), 'no_evidence', /too many bytes/],
  'answers with a large thing that is no report': [
    answers(`"${'x'.repeat(300_000)}"`),
    'malformed_report',
    /malformed/,
  ],
  drips: [slowly, 'no_evidence', /did not answer within/],
  'keeps silent': [() => undefined, 'no_evidence', /did not answer within/],
};

describe('a worker that', () => {
  const workers: BadWorker[] = [];
  const ids: Record<string, string> = {};
  let distributor: RunningDistributor;
  let token: string;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;

  const get = async (path: string) => (await distributor.ask(`/api/v1/${path}`, { token })).body;

  async function create(name: string, misbehave: Misbehaviour): Promise<void> {
    const worker = await startBadWorker(services, misbehave);
    workers.push(worker);
    const answer = await distributor.ask('/api/v1/orchestrators', {
      method: 'POST',
      token,
      body: {
        name,
        service_uri: `https://o-${randomBytes(4).toString('hex')}:9995`,
        worker_url: worker.url,
        worker_address: worker.address,
      },
    });
    expect(answer).toMatchObject({ status: 201 });
    ids[name] = z.object({ id: z.string() }).parse(answer.body).id;
  }

  const decided = (name: string) =>
    until(
      async () =>
        page
          .parse(await get(`assessments?orchestrator_id=${ids[name] ?? ''}&limit=200`))
          .items.filter(({ decision }) => decision !== 'pending'),
      (items) => items.length > 0,
    );

  beforeAll(async () => {
    database = await createTestDatabase();
    distributor = await startDistributor({
      DATABASE_URL: database.url,
      PAYMENT_INTERVAL_SECONDS: '1',
      REQUIRED_SERVICES: services.join(','),
      EVIDENCE_GRACE_SECONDS: '1',
    });
    await until(
      () => distributor.ask('/health/ready'),
      ({ status }) => status === 200,
    );
    token = await distributor.signIn();
    await create(
      'is honest',
      states(() => ({})),
    );
    for (const [name, [misbehave]] of Object.entries(badWorkers)) await create(name, misbehave);
  });

  afterAll(async () => {
    await distributor.close();
    await Promise.all(workers.map((worker) => worker.close()));
    await database.drop();
  });

  it('is honest is paid all the while', async () => {
    const items = await decided('is honest');
    expect(items.every(({ decision }) => decision === 'paid')).toBe(true);
  });

  it.each(Object.entries(badWorkers))(
    '%s is not paid, with its own reason',
    async (name, [, reason, text]) => {
      const items = await decided(name);
      expect(new Set(items.map((item) => item.reason))).toEqual(new Set([reason]));
      expect(items[0]?.reason_text).toMatch(text);
      expect(items.every(({ amount_usd: amount }) => amount === '0.000000')).toBe(true);
    },
  );

  it('shows the containers of an honest one is not paid', async () => {
    const [honest] = await decided('is honest');
    const { report } = shown.parse(honest?.evidence);
    await create(
      'is a thief',
      states(() => ({
        services: report.services.map((service) => ({
          name: service.name,
          containerIds: service.container_ids,
          upMs: 1_000n,
          inferredUpMs: 0n,
          downMs: 0n,
          startingMs: 0n,
          unknownMs: 0n,
        })),
      })),
    );
    const items = await decided('is a thief');
    expect(new Set(items.map((item) => item.reason))).toEqual(new Set(['shared_stack']));
    expect(items[0]?.reason_text).toContain(ids['is honest']);
  });

  it('misbehaves accrues nothing, ever', async () => {
    const balances = page.parse(await get('balances?limit=200')).items;
    for (const name of [...Object.keys(badWorkers), 'is a thief']) {
      const own = balances.find((balance) => balance.orchestrator_id === ids[name]);
      expect([name, own?.accrued_usd ?? '0.000000']).toEqual([name, '0.000000']);
    }
  });
});
