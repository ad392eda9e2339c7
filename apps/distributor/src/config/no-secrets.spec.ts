import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type Operation, readOpenApi, type TestDatabase } from '#platform/testing';
import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { isStream } from '../testing/contract/routes.js';
import { type EchoServer, startEchoServer } from '../testing/echo-server.js';
import { nobody, page, services } from '../testing/rest-rig.js';
import { type RunningDistributor, startDistributor, until } from '../testing/running-distributor.js';
import { fileSecretVariables } from './file-secrets.js';

const token = () => randomBytes(12).toString('hex');

/** What is secret in each variable; every one is something else. */
const secret = {
  ADMIN_PASSWORD: `admin ${token()} "quoted"`,
  VIEWER_PASSWORD: `viewer ${token()} & more`,
  METRICS_TOKEN: `metrics-${token()}`,
  DATABASE_URL: `database-${token()}`,
  PAYER_PRIVATE_KEY: randomBytes(32).toString('hex'),
  GAS_PAYER_PRIVATE_KEY: randomBytes(32).toString('hex'),
  ETH_RPC_URL: `rpc-${token()}`,
  GATEWAY_URL: `gateway-${token()}`,
  WORKER_URL: `worker-${token()}`,
  ALERT_WEBHOOK_URLS: `webhook-${token()}`,
  ALERT_WEBHOOK_SECRET: `signing-${token()}`,
  ALERT_SLACK_WEBHOOK_URL: `slack-${token()}`,
  ALERT_DISCORD_WEBHOOK_URL: `discord-${token()}`,
  ALERT_TELEGRAM_BOT_TOKEN: `123456:${token()}${token()}`,
  ALERT_SMTP_URL: `smtp-${token()}`,
  ALERT_ALERTMANAGER_URLS: `alertmanager-${token()}`,
};
type Secret = keyof typeof secret;
const isOurs = (name: string): name is Secret => name in secret && name !== 'WORKER_URL';
const role = `books_${token()}`;

describe('what the distributor lets out', () => {
  let database: TestDatabase;
  let owner: DataSource;
  let echo: EchoServer;
  let distributor: RunningDistributor;
  /** Everything that came out so far, by where. */
  const out = new Map<string, string>();

  beforeAll(async () => {
    database = await createTestDatabase();
    echo = await startEchoServer();
    const databaseUrl = new URL(database.url);
    databaseUrl.username = role;
    databaseUrl.password = secret.DATABASE_URL;
    owner = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    await owner.query(`create role ${role} login superuser password '${secret.DATABASE_URL}'`);
    const withPassword = (name: Secret) => echo.url.replace('://', `://someone:${secret[name]}@`);
    distributor = await startDistributor({
      ADMIN_PASSWORD: secret.ADMIN_PASSWORD,
      VIEWER_PASSWORD: secret.VIEWER_PASSWORD,
      METRICS_TOKEN: secret.METRICS_TOKEN,
      DATABASE_URL: databaseUrl.href,
      PAYMENT_INTERVAL_SECONDS: '1',
      EVIDENCE_GRACE_SECONDS: '1',
      REQUIRED_SERVICES: services.join(),
      ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
      WORKER_URL: `${echo.url}/${secret.WORKER_URL}`,
      GATEWAY_URL: withPassword('GATEWAY_URL'),
      PAYER_PRIVATE_KEY: `0x${secret.PAYER_PRIVATE_KEY}`,
      GAS_PAYER_PRIVATE_KEY: `0x${secret.GAS_PAYER_PRIVATE_KEY}`,
      ETH_RPC_URL: `${echo.url}/v2/${secret.ETH_RPC_URL}`,
      CHAIN_ID: '31337',
      TOKEN_ADDRESS: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
      MAX_PAYOUT_USD: '10',
      MAX_DAILY_PAYOUT_USD: '20',
      ALERT_PATIENCE_SECONDS: '1',
      ALERT_DOWN_PERIODS: '1',
      ALERT_WEBHOOK_URLS: `${echo.url}/hooks/${secret.ALERT_WEBHOOK_URLS}`,
      ALERT_WEBHOOK_SECRET: secret.ALERT_WEBHOOK_SECRET,
      ALERT_SLACK_WEBHOOK_URL: `${echo.url}/services/${secret.ALERT_SLACK_WEBHOOK_URL}`,
      ALERT_DISCORD_WEBHOOK_URL: `${echo.url}/api/webhooks/1/${secret.ALERT_DISCORD_WEBHOOK_URL}`,
      ALERT_TELEGRAM_BOT_TOKEN: secret.ALERT_TELEGRAM_BOT_TOKEN,
      ALERT_TELEGRAM_CHAT_ID: '-100200300',
      ALERT_TELEGRAM_API_URL: echo.url,
      ALERT_SMTP_URL: `smtp://robot:${secret.ALERT_SMTP_URL}@127.0.0.1:${new URL(echo.url).port}`,
      ALERT_EMAIL_FROM: 'robot@mail.example',
      ALERT_EMAIL_TO: 'people@mail.example',
      ALERT_ALERTMANAGER_URLS: withPassword('ALERT_ALERTMANAGER_URLS'),
    });
    await until(
      () => distributor.ask('/health/ready'),
      ({ body }) => JSON.stringify(body).includes('last_period_end'),
    );
  });

  afterAll(async () => {
    await distributor.close();
    await echo.close();
    await owner.query(`reassign owned by ${role} to current_user; drop owned by ${role}`);
    await owner.query(`drop role ${role}`);
    await owner.destroy();
    await database.drop();
  });

  async function keep(where: string, path: string, asking: Parameters<RunningDistributor['ask']>[1] = {}) {
    const answer = await distributor.ask(path, asking);
    const headers = JSON.stringify([...answer.headers]);
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    out.set(`${where} ${path} ${answer.status}`, `${headers}\n${body}`);
    return answer;
  }

  /** Each form in which it could be read: as it is, in JSON, in an address, in Basic authentication. */
  const formsOf = (text: string) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    Buffer.from(`someone:${text}`).toString('base64'),
  ];
  const found = (names: readonly Secret[]) =>
    [...out].flatMap(([where, text]) =>
      names
        .filter((name) => formsOf(secret[name]).some((form) => text.includes(form)))
        .map((name) => `${name} in ${where}`),
    );

  it('is tried with every secret that there is', () => {
    const inFiles = Object.keys(fileSecretVariables).filter((name) => !name.endsWith('_FILE'));
    expect(Object.keys(secret)).toEqual(expect.arrayContaining(inFiles));
  });

  it('holds no secret: no page, metric, answer or error of any route, no alert, no line of the log', async () => {
    const { operations } = readOpenApi((await keep('anybody', '/docs-json')).body);
    const tokens = {
      admin: await distributor.signIn(secret.ADMIN_PASSWORD),
      viewer: await distributor.signIn(secret.VIEWER_PASSWORD),
    };
    const admin = { token: tokens.admin };
    // By then the chain, the worker and every channel have failed, and were told of.
    await until(
      async () => page.parse((await distributor.ask('/api/v1/alerts?limit=200', admin)).body).items,
      (alerts) =>
        ['chain_unreachable', 'worker_unreachable'].every((kind) => alerts.some((one) => one.kind === kind)),
    );
    await until(
      async () =>
        page.parse((await distributor.ask('/api/v1/alerts/deliveries?limit=200', admin)).body).items,
      (deliveries) =>
        new Set(deliveries.filter((one) => one.last_error !== null).map(({ channel }) => channel)).size === 6,
    );
    await keep('admin', '/api/v1/alerts/test', { ...admin, method: 'POST', body: {} });

    for (const path of ['/', '/docs', '/metrics', '/nothing', '/%zz']) await keep('anybody', path);
    await keep('prometheus', '/metrics', { token: secret.METRICS_TOKEN });
    await keep('prometheus', '/metrics', { token: `${secret.METRICS_TOKEN}x` });
    for (const operation of operations.filter((one) => !isStream(one))) await askEveryWay(operation, tokens);
    // A person who mistypes, or sends half of it.
    const login = '/api/v1/auth/login';
    await keep('mistyped', login, { method: 'POST', body: `{"password":"${secret.ADMIN_PASSWORD}` });
    await keep('mistyped', login, { method: 'POST', body: { password: [secret.VIEWER_PASSWORD] } });
    await keep('mistyped', login, { method: 'POST', body: { password: `${secret.ADMIN_PASSWORD}!` } });
    // Told back to who asked, and to nobody else.
    await distributor.ask(`${login}?password=${encodeURIComponent(secret.ADMIN_PASSWORD)}`);
    out.set('log', distributor.log.join(''));
    for (const one of Object.values(tokens)) expect(out.get('log')).not.toContain(one.slice(-20));

    expect(out.size).toBeGreaterThan(150);
    expect(out.get('log')).toContain('alerts not delivered');
    // What a payee's worker is called is shown to who may read the payees; nobody else needs to know.
    expect(found(Object.keys(secret).filter(isOurs))).toEqual([]);
    for (const where of out.keys())
      if (where.includes('/api/') && !where.startsWith('nobody')) out.delete(where);
    expect(found(['WORKER_URL'])).toEqual([]);
  });

  async function askEveryWay({ path, method, requestBody }: Operation, tokens: Record<string, string>) {
    const url = path.replace(/\{\w+\}/, nobody);
    for (const [role, one] of Object.entries(tokens)) {
      const bodies =
        method === 'GET' ? [undefined] : requestBody ? ['{', {}, { nobody_named_me: 1 }] : [undefined];
      for (const [index, body] of bodies.entries()) {
        await keep(`${role} ${method} ${index}`, url, {
          token: one,
          method,
          ...(body !== undefined && { body }),
        });
      }
    }
    await keep(`nobody ${method}`, url, { method });
  }
});
