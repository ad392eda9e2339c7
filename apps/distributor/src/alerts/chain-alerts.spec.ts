import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Anvil,
  deployLocalToken,
  developmentKeys,
  type LocalToken,
  startAnvil,
} from '#payments/testing';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { JsonRpcProvider, Wallet } from 'ethers';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { Door } from '../testing/door.js';
import { record, services } from '../testing/rest-rig.js';
import { type SigningWorker, startSigningWorker } from '../testing/signing-worker.js';
import { AlertRig } from './testing/alert-rig.js';
import { payPastTheBooks } from './testing/foreign-payment.js';
import { letPayoutsAge } from './testing/let-payouts-age.js';

const usd = 1_000_000n;
/** Longer than any payout takes on a busy machine. */
const stuckAfterSeconds = 600;
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
  let worker: SigningWorker;
  let owner: DataSource;
  let rig: AlertRig;

  /** Nobody of ours: nothing is ever paid to the treasury or the gas payer. */
  const payee = Wallet.createRandom().address;
  const payer = new Wallet(developmentKeys.payer).address;
  const gasPayer = new Wallet(developmentKeys.gasPayer).address;

  const environment = (changes: Record<string, string> = {}) => ({
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
    ALERT_PAYOUT_STUCK_SECONDS: String(stuckAfterSeconds),
    ALERT_RUNWAY_HOURS: '1',
    ALERT_REMINDER_SECONDS: '0',
    ...changes,
  });

  beforeAll(async () => {
    database = await createTestDatabase();
    anvil = await startAnvil({ blockTimeSeconds: 1 });
    token = await deployLocalToken({ rpcUrl: anvil.rpcUrl, payerAddress: payer });
    const node = new URL(anvil.rpcUrl);
    door = await Door.to({ host: node.hostname, port: Number(node.port) });
    await door.open();
    worker = await startSigningWorker(services);
    owner = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    rig = await AlertRig.start(environment());
  });

  afterAll(async () => {
    await rig.close();
    await worker.close();
    await owner.destroy();
    await door.remove();
    await anvil.stop();
    await database.drop();
  });

  beforeEach(() => {
    rig.begin();
  });

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

  /** What happened on the chain before the books began is not theirs to know. */
  const untilSomethingIsPaid = () =>
    rig.until(
      () => Promise.resolve(rig.distributor.log.some((line) => line.includes('payout paid'))),
      Boolean,
    );

  it('leads by one id from the judged periods to the tx that pays them, amount by amount', async () => {
    const lines = () =>
      rig.distributor.log
        .join('')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => lineSchema.parse(JSON.parse(line)));
    const [paid] = await rig.until(
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
    const { body } = await rig.ask('POST', 'orchestrators', {
      name: 'homeless',
      service_uri: 'https://homeless.example:9995',
      worker_url: homeless.url,
      worker_address: homeless.address,
    });
    /** Looked at each minute, and with each run that a person asks for. */
    const missing = async () => {
      await rig.ask('POST', 'payouts/run');
      return rig.open('payout_address_missing');
    };
    await rig.until(missing, (items) => items.length === 1);
    await rig.told(['payout_address_missing'], false);
    await rig.ask('PATCH', `orchestrators/${String(record.parse(body).id)}`, { payout_address: payee });
    await rig.until(missing, (items) => items.length === 0);
    await rig.told(['payout_address_missing'], true);
    await homeless.close();
  });

  it('tell that the node is away, not what follows from it, and that it is back', async () => {
    await door.shut();
    await rig.told(['chain_unreachable'], false);
    const ready = await rig.distributor.ask('/health/ready');
    expect(ready).toMatchObject({ status: 503, body: { error: { chain: { status: 'down' } } } });
    await door.open();
    await rig.told(['chain_unreachable'], true);
    expect(rig.kindsBegun).not.toContain('payout_stuck');
  });

  it('tell that gas and money run out, and that they are there again', async () => {
    await rpc('anvil_setBalance', [gasPayer, '0x0']);
    const [someone] = await rig.itemsOf('orchestrators?limit=1');
    // The treasury holds a million; more than that in one adjustment is refused.
    for (const reason of ['more than', 'there is']) {
      const orchestrator_id = String(someone?.id);
      await rig.ask('POST', 'adjustments', { orchestrator_id, amount_usd: '600000.000000', reason });
    }
    await rig.told(['gas_low', 'treasury_low'], false);
    await rpc('anvil_setBalance', [gasPayer, '0x56bc75e2d63100000']);
    await token.mint(payer, 10_000_000n * usd);
    await rig.told(['gas_low', 'treasury_low'], true);
  });

  it('tell once of payouts that no block takes', async () => {
    await rpc('evm_setAutomine', [false]);
    await rpc('evm_setIntervalMining', [0]);
    const open = await rig.until(
      async () => {
        await letPayoutsAge(owner, stuckAfterSeconds);
        return rig.open('payout_stuck');
      },
      ({ length }) => length > 0,
    );
    await rig.told(['payout_stuck'], false);
    expect(open).toMatchObject([{ subject: 'settlement', severity: 'critical' }]);
    await rpc('evm_setIntervalMining', [1]);
    await rpc('evm_setAutomine', [true]);
    await rig.told(['payout_stuck'], true);
  });

  it('tell that the key of the gas payer was used elsewhere, until a person has looked and resumed', async () => {
    const provider = new JsonRpcProvider(anvil.rpcUrl);
    const elsewhere = new Wallet(developmentKeys.gasPayer, provider);
    await untilSomethingIsPaid();
    // Ours may take the next nonce at the same moment: then the node refuses this one, and it is sent again.
    await rig.until(
      () =>
        elsewhere.sendTransaction({ to: payee, value: 1n }).then(
          () => true,
          () => false,
        ),
      Boolean,
    );
    provider.destroy();
    await rig.told(['lane_paused', 'settlement_paused'], false);
    await rig.ask('POST', 'payouts/resume');
    await rig.told(['lane_paused', 'settlement_paused'], true);
  });

  it('tell that the chain knows a payment that the books do not', async () => {
    await untilSomethingIsPaid();
    const { rpcUrl } = anvil;
    await payPastTheBooks({ rpcUrl, tokenAddress: token.tokenAddress }, { to: payee, value: 5n * usd });
    const [unknown] = await rig.until(
      async () => {
        await rig.tryTo('POST', 'reconciliation/runs');
        const { body } = await rig.ask('GET', 'reconciliation/unknown-payments');
        return z.object({ items: z.array(record) }).parse(body).items;
      },
      ({ length }) => length > 0,
    );
    await rig.told(['reconciliation_difference'], false);
    await rig.ask('POST', 'reconciliation/unknown-payments', {
      ...{ tx_hash: unknown?.tx_hash, log_index: unknown?.log_index, reason: 'taken out by hand' },
    });
    await rig.ask('POST', 'payouts/resume');
    await rig.until(
      () => rig.tryTo('POST', 'reconciliation/runs'),
      ({ body: run }) => record.parse(run).ok === true,
    );
    await rig.told(['reconciliation_difference'], true);
  });

  it('tell that settlement refuses the chain until it is told the right one', async () => {
    await rig.restart(environment({ CHAIN_ID: '1' }));
    await rig.told(['chain_refused'], false);
    await rig.restart(environment());
    await rig.told(['chain_refused'], true);
  });
});
