import { startGatewayDouble, startOrchestratorDouble } from '#livepeer/testing';
import { CapabilityRegistration } from '#livepeer';
import { ReportSigner } from '#monitoring';
import { deployLocalToken, developmentKeys, startAnvil } from '#payments/testing';
import { parseEnvironment } from '#platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Contract, JsonRpcProvider, Wallet } from 'ethers';
import { z } from 'zod';

import { parseFlags } from './console/flags.js';
import { findSurroundings, surroundingsEnvironment, surroundingsFlags } from './surroundings/surroundings.js';
import type { Surroundings } from './surroundings/surroundings.js';

import { signedReport, startAnsweringWorker } from './testing/answering-worker.js';
import { runProgram } from './testing/run-program.js';
import { password, startStubDistributor } from './testing/stub-distributor.js';
import type { StubBooks } from './testing/stub-distributor.js';
import { verifyFlow } from './verify/verify-flow.js';

const stops: (() => Promise<void>)[] = [];
function kept<T extends { stop(): Promise<void> }>(part: T): T {
  stops.push(() => part.stop());
  return part;
}

const payoutAddress = '0x000000000000000000000000000000000000dEaD';
const periodStart = Date.parse('2026-11-22T12:00:00.000Z');
const periodEnd = periodStart + 60_000;
const orchestratorId = '019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11';

let flags: string[] = [];
let workerUrl = '';
let transaction = { hash: '', block: 0 };
/** Rebuilt for each run; a test spoils what it is about. */
let books: StubBooks;

function goodBooks(): StubBooks {
  const owner = { orchestrator_id: orchestratorId };
  return {
    assessments: [
      {
        ...owner,
        id: 'a-1',
        period_start: new Date(periodStart).toISOString(),
        period_end: new Date(periodEnd).toISOString(),
        uptime_percentage: 99.98,
        decision: 'paid',
        reason: null,
        amount_usd: '10.000000',
        evidence: signedReport(periodStart, periodEnd),
      },
    ],
    balances: [
      {
        ...owner,
        accrued_usd: '30.000000',
        adjusted_usd: '-5.000000',
        payable_usd: '10.000000',
        in_settlement_usd: '5.000000',
        paid_usd: '10.000000',
      },
    ],
    payments: [
      {
        ...owner,
        id: 'p-1',
        payout_address: payoutAddress,
        amount_usd: '10.000000',
        method: 'usdc',
        status: 'paid',
        tx_hash: transaction.hash,
        block_number: transaction.block,
      },
    ],
    reconciliation: { ok: true, differences: [] },
  };
}

beforeAll(async () => {
  const anvil = kept(await startAnvil({}));
  const payer = new Wallet(
    developmentKeys.payer,
    new JsonRpcProvider(anvil.rpcUrl, undefined, { cacheTimeout: -1 }),
  );
  stops.push(async () => payer.provider?.destroy());
  const token = await deployLocalToken({
    rpcUrl: anvil.rpcUrl,
    payerAddress: payer.address,
    microUsd: 1_000_000_000n,
  });
  const contract = new Contract(
    token.tokenAddress,
    ['function transfer(address to, uint256 value) returns (bool)'],
    payer,
  );
  const sent: unknown = await contract.getFunction('transfer').send(payoutAddress, 10_000_000n);
  const { hash } = z.object({ hash: z.string() }).parse(sent);
  const receipt = await payer.provider!.waitForTransaction(hash);
  transaction = { hash, block: receipt!.blockNumber };

  const worker = kept(await startAnsweringWorker());
  workerUrl = worker.url;
  const orchestrator = kept(await startOrchestratorDouble({ secret: 's' }));
  const limits = { searchMs: 20_000, tokenHeadersMs: 10_000 };
  const gateway = kept(await startGatewayDouble({ orchestrators: [orchestrator.url], limits }));
  const offer = { name: 'agent-net', url: worker.url, description: '', capacity: 9 };
  const registration = kept(
    new CapabilityRegistration({
      orchestratorUrl: orchestrator.url,
      secret: 's',
      offer: { ...offer, pricePerUnit: 0, priceScaling: 1 },
      logger: { info: () => undefined, warn: () => undefined },
    }),
  );
  registration.start();
  while (registration.state().status !== 'registered') await new Promise((resolve) => setImmediate(resolve));
  const live: StubBooks = {
    get assessments() {
      return books.assessments;
    },
    get balances() {
      return books.balances;
    },
    get payments() {
      return books.payments;
    },
    get reconciliation() {
      return books.reconciliation;
    },
  };
  const distributor = kept(await startStubDistributor(live));
  flags = [
    ...['--gateway', gateway.url, '--worker', worker.url, '--orchestrator', orchestrator.url],
    ...['--distributor', distributor.url, '--admin-password', password],
    ...['--rpc', anvil.rpcUrl, '--token', token.tokenAddress, '--payer', payer.address],
  ];
}, 60_000);
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Verdict {
  /** `name: detail` of every cross. */
  crosses: string[];
  skipped: string[];
}

async function verify(
  spoil: (books: StubBooks) => void = () => undefined,
  changes: Partial<Surroundings> = {},
): Promise<Verdict> {
  books = goodBooks();
  spoil(books);
  const surroundings = await findSurroundings(
    { ...parseFlags(flags, surroundingsFlags), stack: undefined },
    parseEnvironment(surroundingsEnvironment, {}),
  );
  const steps = await verifyFlow(
    { ...surroundings, ...changes },
    { waitMs: 1, progress: () => undefined, onResult: () => undefined },
  );
  const named = (status: string): string[] =>
    steps.filter((step) => step.status === status).map(({ name, detail }) => `${name}: ${detail}`);
  return { crosses: named('failed'), skipped: named('skipped') };
}

describe('byoc:verify', () => {
  it('puts a tick on every step of a flow that works, and ends with 0', async () => {
    books = goodBooks();
    const { code, out } = await runProgram('verify', flags);
    const ticks = out.split('\n').filter((line) => line.startsWith('✔'));
    expect(ticks.map((line) => line.split(/\s+/)[1])).toEqual([
      ...['services', 'worker', 'gateway', 'report', 'distributor'],
      ...['assessment', 'ledger', 'payout', 'chain', 'reconciliation'],
    ]);
    expect(out).toContain(`Transfer of 10000000 token units to ${payoutAddress}`);
    expect(out).toContain('The complete flow works.');
    expect(code).toBe(0);
  });

  it('names the worker’s service that is down', async () => {
    const broken = kept(await startAnsweringWorker('down'));
    const { crosses } = await verify(undefined, { workerUrl: broken.url });
    expect(crosses).toEqual(['services: 0 of 1 services are up: redis_scb is down (exited with 137)']);
  });

  it('goes on after a gateway that is down, and leaves out what needs it', async () => {
    const { crosses, skipped } = await verify(undefined, { gatewayUrl: 'http://127.0.0.1:1' });
    expect(crosses).toHaveLength(1);
    expect(crosses[0]).toMatch(/^gateway: the gateway cannot be reached/);
    expect(skipped).toEqual(['report: cannot be judged without the step "gateway"']);
  });

  it('says that the distributor is down, and judges the worker all the same', async () => {
    const { crosses, skipped } = await verify(undefined, { distributorUrl: 'http://127.0.0.1:1' });
    expect(crosses).toHaveLength(1);
    expect(crosses[0]).toMatch(
      /^distributor: the distributor cannot be reached at http:\/\/127\.0\.0\.1:1.* Is it running, and is that its address\?/,
    );
    expect(skipped).toHaveLength(5);
  });

  it('says that the password is wrong', async () => {
    const { crosses } = await verify(undefined, { adminPassword: 'other' });
    expect(crosses).toEqual(['distributor: the distributor refused the password: see --admin-password']);
  });

  it('says why the newest period is not paid', async () => {
    const { crosses } = await verify(({ assessments }) => {
      Object.assign(assessments[0]!, {
        decision: 'unpaid',
        reason: 'below_threshold',
        reason_text: 'redis_scb was down',
      });
    });
    expect(crosses).toEqual([
      'assessment: no period was paid; the newest, 2026-11-22T12:00:00.000Z, is unpaid: redis_scb was down',
    ]);
  });

  it('does not take periods that another worker proved', async () => {
    const other = ReportSigner.fromPrivateKey(`0x${'33'.repeat(32)}`);
    const { crosses } = await verify(({ assessments }) => {
      assessments[0]!.evidence = signedReport(periodStart, periodEnd, undefined, other);
    });
    expect(crosses[0]).toMatch(/^assessment: periods are paid, but none by evidence of the worker 0x/);
  });

  it('does not take evidence about another window, or evidence that was changed', async () => {
    const shifted = await verify(({ assessments }) => {
      assessments[0]!.evidence = signedReport(periodStart - 60_000, periodEnd - 60_000);
    });
    expect(shifted.crosses).toEqual([
      'assessment: the evidence of the period 2026-11-22T12:00:00.000Z is about another window',
    ]);
    const changed = await verify(({ assessments }) => {
      const evidence = signedReport(periodStart, periodEnd);
      assessments[0]!.evidence = { ...evidence, report: { ...evidence.report, engine_id: 'engine-2' } };
    });
    expect(changed.crosses).toHaveLength(1);
    expect(changed.crosses[0]).toMatch(/^assessment: /);
  });

  it('recomputes the balances', async () => {
    const { crosses } = await verify(({ balances }) => {
      balances[0]!.paid_usd = '10.000001';
    });
    expect(crosses).toEqual([
      `ledger: the books of ${orchestratorId} do not add up: accrued + adjusted differs from payable + in settlement + paid by $-0.000001`,
    ]);
  });

  it('says where the newest payout stands', async () => {
    const { crosses, skipped } = await verify(({ payments }) => {
      payments[0]!.status = 'mined';
    });
    expect(crosses).toEqual(['payout: no payout is final; the newest, $10.000000, is mined']);
    expect(skipped).toEqual(['chain: cannot be judged without the step "payout"']);
  });

  it('leaves payouts out that a person pays outside', async () => {
    const { crosses, skipped } = await verify(({ payments }) => {
      Object.assign(payments[0]!, { method: 'ledger', status: 'reserved', tx_hash: null });
    });
    expect(crosses).toEqual([]);
    expect(skipped[0]).toContain('a person pays them outside');
  });

  it.each([
    ['an unknown transaction', { tx_hash: `0x${'ab'.repeat(32)}` }, /does not know the transaction/],
    ['another amount', { amount_usd: '10.000001' }, /holds no Transfer of 10000001 units/],
    [
      'another address',
      { payout_address: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC' },
      /holds no Transfer/,
    ],
    ['another block', { block_number: 1_000_000 }, /the books say 1000000/],
  ])('finds %s on the chain', async (_what, fault, reason) => {
    const { crosses } = await verify(({ payments }) => {
      Object.assign(payments[0]!, fault);
    });
    expect(crosses).toHaveLength(1);
    expect(crosses[0]).toMatch(/^chain: /);
    expect(crosses[0]).toMatch(reason);
  });

  it('finds another payer or token on the chain', async () => {
    expect((await verify(undefined, { payerAddress: payoutAddress })).crosses[0]).toMatch(
      /^chain: .*no Transfer/,
    );
    expect((await verify(undefined, { tokenAddress: payoutAddress })).crosses[0]).toMatch(/^chain: /);
    expect((await verify(undefined, { rpcUrl: workerUrl })).crosses[0]).toMatch(
      /^chain: the chain answered 404/,
    );
  });

  it('ends with 1 on any cross', async () => {
    books = goodBooks();
    const { code, out } = await runProgram('verify', [...flags, '--admin-password', 'other', '--json']);
    expect(JSON.parse(out)).toMatchObject({ ok: false });
    expect(code).toBe(1);
  });

  it('hands the differences of the reconciliation on', async () => {
    const difference = { account: 'treasury', ledger_usd: '1.000000', chain_usd: '2.000000', detail: 'late' };
    const { crosses } = await verify((all) => {
      all.reconciliation = { ok: false, differences: [difference] };
    });
    expect(crosses).toEqual(['reconciliation: treasury: ledger $1.000000, chain $2.000000 (late)']);
  });
});
