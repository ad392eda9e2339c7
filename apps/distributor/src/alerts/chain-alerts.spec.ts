import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AlertKind } from '#payments';
import {
  type Anvil,
  deployLocalToken,
  developmentKeys,
  type LocalToken,
  startAnvil,
} from '#payments/testing';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { Contract, hexlify, JsonRpcProvider, randomBytes, Signature, Wallet } from 'ethers';
import { z } from 'zod';
import { type AlertReceivers, startAlertReceivers } from '../testing/alert-receivers.js';
import { Door } from '../testing/door.js';
import { page, record, services } from '../testing/rest-rig.js';
import { type RunningDistributor, startDistributor, until } from '../testing/running-distributor.js';
import { type SigningWorker, startSigningWorker } from '../testing/signing-worker.js';

const usd = 1_000_000n;
const channelTypes = ['webhook', 'slack', 'discord', 'telegram', 'email', 'alertmanager'];
const usdcInterface = [
  'function name() view returns (string)',
  'function version() view returns (string)',
  'function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)',
];
/** EIP-3009 */
const transferTypes = {
  TransferWithAuthorization: [
    ...[
      { name: 'from', type: 'address' },
      { name: 'to', type: 'address' },
    ],
    ...[
      { name: 'value', type: 'uint256' },
      { name: 'validAfter', type: 'uint256' },
    ],
    ...[
      { name: 'validBefore', type: 'uint256' },
      { name: 'nonce', type: 'bytes32' },
    ],
  ],
};
const lineSchema = z.looseObject({
  message: z.string(),
  payoutId: z.string().optional(),
  txHash: z.string().optional(),
  amountUsd: z.string().optional(),
});

describe('alerts of a distributor that pays on a chain', () => {
  let database: TestDatabase;
  let anvil: Anvil;
  let token: LocalToken;
  let door: Door;
  let receivers: AlertReceivers;
  let worker: SigningWorker;
  let distributor: RunningDistributor;
  let session: string;
  let mark = 0;

  /** Nobody of ours: nothing is ever paid to the treasury or the gas payer. */
  const payee = Wallet.createRandom().address;
  const payer = new Wallet(developmentKeys.payer).address;
  const gasPayer = new Wallet(developmentKeys.gasPayer).address;

  const environment = (changes: Record<string, string> = {}) => ({
    ...receivers.environment,
    DATABASE_URL: database.url,
    PAYMENT_INTERVAL_SECONDS: '1',
    REQUIRED_SERVICES: services.join(','),
    ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
    WORKER_URL: worker.url,
    PAYOUT_ADDRESSES: payee,
    PAYOUT_ADDRESS_DELAY_SECONDS: '0',
    SETTLE_INTERVAL_SECONDS: '2',
    MIN_PAYOUT_USD: '0.3',
    MAX_PAYOUT_USD: '10000',
    MAX_DAILY_PAYOUT_USD: '100000',
    PAYER_PRIVATE_KEY: developmentKeys.payer,
    GAS_PAYER_PRIVATE_KEY: developmentKeys.gasPayer,
    ETH_RPC_URL: `http://127.0.0.1:${door.port}`,
    CHAIN_ID: '31337',
    TOKEN_ADDRESS: token.tokenAddress,
    FINALITY: '1',
    ALERT_PATIENCE_SECONDS: '1',
    ALERT_PAYOUT_STUCK_SECONDS: '20',
    ALERT_RUNWAY_HOURS: '1',
    ALERT_REMINDER_SECONDS: '0',
    ...changes,
  });

  async function start(changes: Record<string, string> = {}): Promise<void> {
    distributor = await startDistributor(environment(changes));
    session = await distributor.signIn();
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    anvil = await startAnvil({ blockTimeSeconds: 1 });
    token = await deployLocalToken({ rpcUrl: anvil.rpcUrl, payerAddress: payer });
    const node = new URL(anvil.rpcUrl);
    door = await Door.to({ host: node.hostname, port: Number(node.port) });
    await door.open();
    receivers = await startAlertReceivers();
    worker = await startSigningWorker(services);
    await start();
  });

  afterAll(async () => {
    await distributor.close();
    await worker.close();
    await receivers.close();
    await door.remove();
    await anvil.stop();
    await database.drop();
  });

  beforeEach(() => {
    mark = receivers.received.length;
  });

  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await distributor.ask(`/api/v1/${path}`, { method, token: session, body });
    expect(answer.status).toBeLessThan(300);
    return answer;
  };

  const rpc = async (method: string, params: unknown[]) => {
    const answer = await fetch(anvil.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const { result, error } = record.parse(await answer.json());
    expect(error).toBeUndefined();
    return result;
  };

  /** Every channel has told of this kind, as begun or as over. */
  async function told(kind: AlertKind, isOver: boolean): Promise<void> {
    await until(
      () =>
        Promise.resolve(
          channelTypes.filter(
            (channel) =>
              !receivers.received
                .slice(mark)
                .some(
                  (each) => each.channel === channel && each.isOver === isOver && each.kinds.includes(kind),
                ),
          ),
        ),
      (missing) => missing.length === 0,
    );
    expect(receivers.faults).toEqual([]);
  }
  const kindsTold = () => new Set(receivers.received.slice(mark).flatMap(({ kinds }) => kinds));

  it('leads by one id from the judged periods to the tx that pays them, amount by amount', async () => {
    const lines = () =>
      distributor.log
        .join('')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => lineSchema.parse(JSON.parse(line)));
    const [paid] = await until(
      () => Promise.resolve(lines().filter(({ message }) => message === 'payout paid')),
      (found) => found.length > 0,
    );
    const same = lines().filter(({ payoutId }) => payoutId === paid?.payoutId);
    const amounts = (message: string) =>
      same
        .filter((line) => line.message === message)
        .map(({ amountUsd = '0' }) => BigInt(amountUsd.replace('.', '')));
    const earned = amounts('period assessed').reduce((sum, amount) => sum + amount, 0n);
    expect(amounts('payout reserved')).toEqual([earned]);
    expect(amounts('payout paid')).toEqual([earned]);
    const txs = new Set(same.flatMap(({ txHash }) => txHash ?? []));
    expect([...txs]).toEqual([paid?.txHash]);
  });

  it('tell of a payee without an address until there is one', async () => {
    const homeless = await startSigningWorker(services);
    const { body } = await ask('POST', 'orchestrators', {
      name: 'homeless',
      service_uri: 'https://homeless.example:9995',
      worker_url: homeless.url,
      worker_address: homeless.address,
    });
    /** Looked at each minute, and with each run that a person asks for. */
    const missing = async () => {
      await ask('POST', 'payouts/run');
      return page.parse((await ask('GET', 'alerts?state=open&kind=payout_address_missing')).body).items;
    };
    await until(missing, (items) => items.length === 1);
    await told('payout_address_missing', false);
    await ask('PATCH', `orchestrators/${String(record.parse(body).id)}`, { payout_address: payee });
    await until(missing, (items) => items.length === 0);
    await told('payout_address_missing', true);
    await homeless.close();
  });

  it('tell that the node is away, not what follows from it, and that it is back', async () => {
    await door.shut();
    await told('chain_unreachable', false);
    const ready = await distributor.ask('/health/ready');
    expect(ready).toMatchObject({ status: 503, body: { error: { chain: { status: 'down' } } } });
    await door.open();
    await told('chain_unreachable', true);
    expect(kindsTold()).not.toContain('payout_stuck');
  });

  it('tell that gas and money run out, and that they are there again', async () => {
    await rpc('anvil_setBalance', [gasPayer, '0x0']);
    await told('gas_low', false);
    await rpc('anvil_setBalance', [gasPayer, '0x56bc75e2d63100000']);
    await told('gas_low', true);

    const [someone] = page.parse((await ask('GET', 'orchestrators?limit=1')).body).items;
    // The treasury holds a million; more than that in one adjustment is refused.
    for (const reason of ['more than', 'there is']) {
      const orchestrator_id = String(someone?.id);
      await ask('POST', 'adjustments', { orchestrator_id, amount_usd: '600000.000000', reason });
    }
    await told('treasury_low', false);
    await token.mint(payer, 10_000_000n * usd);
    await told('treasury_low', true);
  });

  it('tell once of payouts that no block takes', async () => {
    await rpc('evm_setAutomine', [false]);
    await rpc('evm_setIntervalMining', [0]);
    await told('payout_stuck', false);
    const open = page.parse((await ask('GET', 'alerts?state=open&kind=payout_stuck')).body).items;
    expect(open).toMatchObject([{ subject: 'settlement', severity: 'critical' }]);
    await rpc('evm_setIntervalMining', [1]);
    await rpc('evm_setAutomine', [true]);
    await told('payout_stuck', true);
  });

  it('tell that the key of the gas payer was used elsewhere, until a person has looked and resumed', async () => {
    const provider = new JsonRpcProvider(anvil.rpcUrl);
    const elsewhere = new Wallet(developmentKeys.gasPayer, provider);
    const paid = () => distributor.log.some((line) => line.includes('payout paid'));
    await until(() => Promise.resolve(paid()), Boolean);
    // Ours may take the next nonce at the same moment: then the node refuses this one, and it is sent again.
    await until(
      () =>
        elsewhere.sendTransaction({ to: payee, value: 1n }).then(
          () => true,
          () => false,
        ),
      Boolean,
    );
    provider.destroy();
    await told('lane_paused', false);
    await told('settlement_paused', false);
    await ask('POST', 'payouts/resume');
    await told('lane_paused', true);
    await told('settlement_paused', true);
  });

  it('tell that the chain knows a payment that the books do not', async () => {
    const provider = new JsonRpcProvider(anvil.rpcUrl);
    // What happened before the books began is not theirs to know.
    const paid = () => distributor.log.some((line) => line.includes('payout paid'));
    await until(() => Promise.resolve(paid()), Boolean);
    const treasury = new Wallet(developmentKeys.payer);
    const usdc = new Contract(
      token.tokenAddress,
      usdcInterface,
      new Wallet(developmentKeys.stranger, provider),
    );
    const authorization = {
      ...{ from: treasury.address, to: payee, value: 5n * usd, validAfter: 0n, validBefore: 4_000_000_000n },
      nonce: hexlify(randomBytes(32)),
    };
    const domain = {
      name: z.string().parse(await usdc.getFunction('name').staticCall()),
      version: z.string().parse(await usdc.getFunction('version').staticCall()),
      ...{ chainId: 31_337n, verifyingContract: token.tokenAddress },
    };
    const { v, r, s } = Signature.from(await treasury.signTypedData(domain, transferTypes, authorization));
    await usdc.getFunction('transferWithAuthorization').send(...Object.values(authorization), v, r, s);
    provider.destroy();
    const [unknown] = await until(
      async () => {
        await distributor.ask('/api/v1/reconciliation/runs', { method: 'POST', token: session });
        const { body } = await ask('GET', 'reconciliation/unknown-payments');
        return z.object({ items: z.array(record) }).parse(body).items;
      },
      ({ length }) => length > 0,
    );
    await told('reconciliation_difference', false);
    await ask('POST', 'reconciliation/unknown-payments', {
      ...{ tx_hash: unknown?.tx_hash, log_index: unknown?.log_index, reason: 'taken out by hand' },
    });
    await ask('POST', 'payouts/resume');
    await until(
      () => distributor.ask('/api/v1/reconciliation/runs', { method: 'POST', token: session }),
      ({ body: run }) => record.parse(run).ok === true,
    );
    await told('reconciliation_difference', true);
  });

  it('tell that settlement refuses the chain until it is told the right one', async () => {
    await distributor.close();
    await start({ CHAIN_ID: '1' });
    await told('chain_refused', false);
    await distributor.close();
    await start();
    await told('chain_refused', true);
  });
});
