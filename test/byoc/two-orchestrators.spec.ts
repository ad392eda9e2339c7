import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayClient } from '#livepeer';
import { FaultyPath, startGatewayDouble, startOrchestratorDouble } from '#livepeer/testing';
import type { OrchestratorDouble } from '#livepeer/testing';
import { ReportSigner } from '#monitoring';
import { type Assessment, EvidenceJobs } from '#payments';
import { randomBytes } from 'node:crypto';

import { GatewayEvidence } from '../../apps/distributor/src/evidence/gateway-evidence.js';
import { type RunningWorker, startWatchedWorker } from '../../apps/worker/src/testing/running-worker.js';
import {
  type BookServices,
  bookServices,
  openTestBooks,
  type TestBooks,
} from '../../libs/payments/testing/test-books.js';

const services = ['autogen_agent', 'redis_scb'];
const secret = 'orch-secret';
/** A worker can speak for a period some seconds after its end. */
const reportDelayMs = 6_000;

interface Payee {
  id: string;
  orchestrator: OrchestratorDouble;
  path: FaultyPath;
  worker: RunningWorker;
  address: string;
}

const stops: (() => Promise<unknown>)[] = [];
const kept = <T extends { stop(): Promise<void> }>(part: T): T => {
  stops.push(() => part.stop());
  return part;
};

let books: TestBooks;
let bookkeeping: BookServices;
let jobs: EvidenceJobs;
let evidence: GatewayEvidence;
const payees: Payee[] = [];
let [one, other, thief]: Payee[] = [];

/** A real worker that registers itself with an orchestrator of its own. */
async function startPayee(): Promise<Omit<Payee, 'id'>> {
  const orchestrator = kept(await startOrchestratorDouble({ secret }));
  const path = kept(await FaultyPath.open());
  const key = randomBytes(32).toString('hex');
  const { worker } = await startWatchedWorker({
    MONITORED_SERVICES: services.join(),
    WORKER_PRIVATE_KEY: key,
    ORCH_URL: orchestrator.url,
    ORCH_SECRET: secret,
    CAPABILITY_URL: path.url,
  });
  path.leadTo(worker.port);
  kept(worker);
  while (orchestrator.capabilities().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  return { orchestrator, path, worker, address: ReportSigner.fromPrivateKey(key).address };
}

async function assess(isEnough: (items: Assessment[]) => boolean): Promise<Assessment[]> {
  for (;;) {
    await bookkeeping.assessor.assessDue(evidence);
    await jobs.written();
    const { items } = await bookkeeping.assessments.list({ limit: 200 });
    const decided = items.filter(({ decision }) => decision !== 'pending');
    if (isEnough(decided)) return decided;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const of = ({ id }: Payee, items: Assessment[]) =>
  items.filter(({ orchestratorId }) => orchestratorId === id);

beforeAll(async () => {
  const started = await Promise.all([startPayee(), startPayee(), startPayee()]);
  const addresses = started.map(({ orchestrator }) => orchestrator.url);
  // The operator of the third registers the worker of the second as its own.
  started[2].path.leadTo(started[1].worker.port);
  started[2].path.cut();
  // On a machine that runs many tests at once half a second is not much.
  const limits = { searchMs: 20_000, tokenHeadersMs: 10_000 };
  const gateway = kept(await startGatewayDouble({ orchestrators: addresses, limits }));
  const network = new GatewayClient({ gatewayUrl: gateway.url });
  stops.push(() => network.close());

  books = await openTestBooks();
  stops.push(() => books.close());
  bookkeeping = bookServices(books.database, {
    paymentIntervalSeconds: 1,
    reportDelayMs,
    capability: 'agent-net',
  });
  await bookkeeping.books.open();
  jobs = new EvidenceJobs(books.database);
  evidence = new GatewayEvidence({
    network,
    capability: 'agent-net',
    record: (job) => {
      jobs.record(job);
    },
  });
  for (const [index, payee] of started.entries()) {
    const { id } = await bookkeeping.orchestrators.create(
      { name: `payee ${index}`, serviceUri: payee.orchestrator.url, workerAddress: payee.address },
      'test',
    );
    payees.push({ ...payee, id });
  }
  [one, other, thief] = payees;
});

afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

describe('orchestrators behind one gateway', () => {
  let items: Assessment[];
  const isEnough = (all: Assessment[]) => payees.every((payee) => of(payee, all).length >= 3);

  beforeAll(async () => {
    items = await assess(isEnough);
  });

  it('are each asked once about each period, by the one job that brought the evidence', () => {
    for (const payee of [one, other]) {
      const own = of(payee!, items);
      expect(new Set(own.map(({ periodStart }) => periodStart.getTime())).size).toBe(own.length);
      for (const { decision, workerAddress, jobs: asked, exchange } of own) {
        expect({ decision, workerAddress }).toEqual({ decision: 'paid', workerAddress: payee!.address });
        // A worker that cannot speak for a period yet says so, and has not been asked.
        const done = asked.filter(({ status }) => status !== 409);
        expect(done).toMatchObject([
          {
            outcome: 'success',
            status: 200,
            doneBy: payee!.orchestrator.url,
            challenge: exchange?.challenge,
            detail: '',
          },
        ]);
      }
    }
  });

  it('are not paid by the evidence of one another: the signer tells whose it is', async () => {
    for (const { decision, reason, workerAddress, amountMicroUsd, jobs: asked } of of(thief!, items)) {
      expect({ decision, reason, amountMicroUsd, workerAddress }).toEqual({
        decision: 'unpaid',
        reason: 'wrong_worker',
        amountMicroUsd: 0n,
        workerAddress: other!.address,
      });
      expect(asked.at(-1)).toMatchObject({ outcome: 'success', doneBy: thief!.orchestrator.url });
    }
    const balances = await bookkeeping.balances.list();
    const accrued = (payee: Payee) => balances.find(({ orchestratorId }) => orchestratorId === payee.id);
    expect(accrued(thief!)?.accruedMicroUsd ?? 0n).toBe(0n);
    expect(accrued(other!)?.accruedMicroUsd).toBeGreaterThan(0n);
  });
});
