import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError, parseEnvironment } from '#platform';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distributorConfigSchema } from './distributor.config.js';

const password = { ADMIN_PASSWORD: 'LivepeerManager2025!Secure' };
const key = `0x${'11'.repeat(32)}`;
const token = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';

const chain = {
  PAYER_PRIVATE_KEY: key,
  ETH_RPC_URL: 'https://rpc.example/a, https://rpc.example/b',
  CHAIN_ID: '1',
  TOKEN_ADDRESS: token,
  MAX_PAYOUT_USD: '1000',
  MAX_DAILY_PAYOUT_USD: '20000',
};

const configured = (environment: Record<string, string> = {}) =>
  parseEnvironment(distributorConfigSchema, { ...password, ...environment });

function faultsOf(environment: Record<string, string>, base: Record<string, string> = password) {
  try {
    parseEnvironment(distributorConfigSchema, { ...base, ...environment });
  } catch (error) {
    if (error instanceof ConfigurationError)
      return Object.fromEntries(error.faults.map((f) => [f.variable, f.message]));
    throw error;
  }
  return {};
}

describe('configuration of the distributor', () => {
  it('accepts the two lines of the mission as they are', () => {
    const config = parseEnvironment(distributorConfigSchema, {
      NODE_ENV: 'production',
      ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
      ADMIN_PASSWORD: 'LivepeerManager2025!Secure',
    });
    expect(config.firstOrchestrators).toEqual([
      {
        serviceUri: 'https://172.23.0.7:9995',
        workerUrl: 'http://172.23.0.7:9876',
        workerUrlDerived: true,
        payoutAddress: undefined,
      },
    ]);
    expect(config.settlement.method).toBe('ledger');
    expect(config.database.url).toBeUndefined();
  });

  it('has the defaults of the contract', () => {
    const config = configured();
    expect(config.server.port).toBe(8010);
    expect(config.pay).toEqual({
      periodSeconds: 60,
      baseMicroUsdPerMinute: 10_000_000n,
      maxMicroUsdPerMinute: 100_000_000n,
      thresholdBasisPoints: 9500n,
      aggregation: 'mean',
      requiredServices: [
        'vtuber_orchestrator',
        'redis_scb',
        'autogen_agent',
        'autogen_postgres',
        'autogen_neo4j',
        'scb_gateway',
        'vtuber-ollama',
      ],
    });
    expect(config.evidence).toMatchObject({
      source: 'worker',
      graceSeconds: 86_400,
      allowSharedWorkers: false,
    });
    expect(config.settlement).toMatchObject({
      method: 'ledger',
      intervalSeconds: 3600,
      minPayoutMicroUsd: 1_000_000n,
      payoutAddressDelaySeconds: 86_400,
    });
  });

  it('names every fault at once, those between variables too', () => {
    const faults = faultsOf(
      {
        PORT: 'eighty',
        DATABASE_URL: 'mysql://nowhere',
        PAYMENT_INTERVAL_SECONDS: '7',
        BASE_PAYMENT_USD: 'ten',
        MIN_SERVICE_UPTIME: '100',
        ORCHESTRATOR_ADDRESSES: 'https://a:1,https://b:1',
        WORKER_URL: 'http://a:9876',
        PAYOUT_ADDRESSES: `0x123,${token}`,
        EVIDENCE_SOURCE: 'gateway',
        ...chain,
        MAX_PAYOUT_USD: '',
        MAX_DAILY_PAYOUT_USD: '',
        FINALITY: 'soon',
      },
      {},
    );
    expect(Object.keys(faults).sort()).toEqual(
      [
        'ADMIN_PASSWORD',
        'BASE_PAYMENT_USD',
        'DATABASE_URL',
        'FINALITY',
        'GATEWAY_URL',
        'MAX_DAILY_PAYOUT_USD',
        'MAX_PAYOUT_USD',
        'MIN_SERVICE_UPTIME',
        'PAYMENT_INTERVAL_SECONDS',
        'PAYOUT_ADDRESSES',
        'PORT',
        'WORKER_URL',
      ].sort(),
    );
    expect(faults.PAYMENT_INTERVAL_SECONDS).toMatch(/must divide 3600/);
    expect(faults.WORKER_URL).toMatch(/1 entries.*has 2/);
  });

  it.each(['admin', 'password', 'changeme', 'Admin123', 'short', 'aaaaaaaaaaaaaaaa', 'PASSWORD-1234567'])(
    'refuses the password %s in production only',
    (weak) => {
      expect(faultsOf({ NODE_ENV: 'production' }, { ADMIN_PASSWORD: weak })).toHaveProperty('ADMIN_PASSWORD');
      expect(faultsOf({}, { ADMIN_PASSWORD: weak })).toEqual({});
    },
  );

  it('refuses an empty password and a viewer with the password of the administrator', () => {
    expect(faultsOf({}, { ADMIN_PASSWORD: '' })).toEqual({ ADMIN_PASSWORD: 'is required' });
    expect(faultsOf({ VIEWER_PASSWORD: password.ADMIN_PASSWORD })).toHaveProperty('VIEWER_PASSWORD');
  });

  it.each([
    ['PAYMENT_INTERVAL_SECONDS', '0'],
    ['PAYMENT_INTERVAL_SECONDS', '3601'],
    ['BASE_PAYMENT_USD', '0'],
    ['BASE_PAYMENT_USD', '1.0000001'],
    ['BASE_PAYMENT_USD', '1e3'],
    ['BASE_PAYMENT_USD', '101'],
    ['UPTIME_AGGREGATION', 'median'],
    ['REQUIRED_SERVICES', 'a,b,a'],
    ['REQUIRED_SERVICES', ','],
    ['ALLOW_SHARED_WORKERS', 'yes'],
    ['ORCHESTRATOR_ADDRESSES', 'https://a:1,https://a:1/'],
    ['WORKER_URL', 'http://a:1'],
    ['SETTLEMENT_METHOD', 'bitcoin'],
    ['CHAIN_ID', '-1'],
    ['DATABASE_URL', 'postgres://user:p@ss word@host/db'],
    ['GATEWAY_URL', 'file:///etc/passwd'],
  ])('refuses %s=%s and names it', (variable, value) => {
    expect(Object.keys(faultsOf({ [variable]: value }))).toEqual([variable]);
  });

  it('uses the chain when it has a key and an RPC address, and then asks for its bounds', () => {
    expect(configured(chain).settlement).toMatchObject({
      method: 'usdc',
      maxPayoutMicroUsd: 1_000_000_000n,
      chain: {
        rpcUrls: ['https://rpc.example/a', 'https://rpc.example/b'],
        chainId: 1n,
        tokenAddress: token,
        finality: 'finalized',
        payerPrivateKey: key,
      },
    });
    expect(configured({ ...chain, FINALITY: '12' }).settlement.chain?.finality).toBe(12);
    const { MAX_PAYOUT_USD: _max, MAX_DAILY_PAYOUT_USD: _daily, ...unbounded } = chain;
    expect(Object.keys(faultsOf(unbounded)).sort()).toEqual(['MAX_DAILY_PAYOUT_USD', 'MAX_PAYOUT_USD']);
  });

  it('stays in the ledger with half a chain and says so', () => {
    expect(configured({ ETH_RPC_URL: 'http://localhost:8545' }).settlement).toMatchObject({
      method: 'ledger',
      incompleteChain: true,
    });
  });

  it('asks for everything that an explicit method needs', () => {
    expect(Object.keys(faultsOf({ SETTLEMENT_METHOD: 'usdc' })).sort()).toEqual([
      'CHAIN_ID',
      'ETH_RPC_URL',
      'MAX_DAILY_PAYOUT_USD',
      'MAX_PAYOUT_USD',
      'PAYER_PRIVATE_KEY',
      'TOKEN_ADDRESS',
    ]);
  });

  it('refuses bounds that contradict each other', () => {
    expect(faultsOf({ ...chain, MIN_PAYOUT_USD: '1001' })).toHaveProperty('MIN_PAYOUT_USD');
    expect(faultsOf({ ...chain, MAX_DAILY_PAYOUT_USD: '999' })).toHaveProperty('MAX_PAYOUT_USD');
  });

  it('never repeats a key in a fault', () => {
    const faults = faultsOf({ ...chain, PAYER_PRIVATE_KEY: '0xsecretsecret' });
    expect(Object.keys(faults)).toEqual(['PAYER_PRIVATE_KEY']);
    expect(JSON.stringify(faults)).not.toContain('secretsecret');
  });

  it('is frozen all the way down', () => {
    const config = configured();
    expect(Object.isFrozen(config.pay.requiredServices)).toBe(true);
    expect(Object.isFrozen(config.settlement)).toBe(true);
  });

  describe('with secrets in files', () => {
    let folder: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'distributor-config-'));
    });
    afterEach(async () => {
      await rm(folder, { recursive: true });
    });

    it('reads them and keeps them out of the log', async () => {
      const file = join(folder, 'password');
      await writeFile(file, 'a password in a file\n');
      const config = parseEnvironment(distributorConfigSchema, { ADMIN_PASSWORD_FILE: file });
      expect(config.signIn.adminPassword).toBe('a password in a file');
      expect(config.secrets).toContain('a password in a file');
    });

    it('names the variable of a file that cannot be read or is empty', async () => {
      const empty = join(folder, 'empty');
      await writeFile(empty, '\n');
      const faults = faultsOf({ ADMIN_PASSWORD_FILE: join(folder, 'missing'), DATABASE_URL_FILE: empty }, {});
      expect(Object.keys(faults).sort()).toEqual(['ADMIN_PASSWORD_FILE', 'DATABASE_URL_FILE']);
    });
  });
});
