import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { DataSource } from 'typeorm';
import { type BadWorker, startBadWorker } from '../testing/bad-worker.js';
import { payoutAddress, services } from '../testing/rest-rig.js';
import { AlertRig } from './testing/alert-rig.js';
import { everyFault, type WorkerFault, workerFaults } from './testing/worker-faults.js';

/** So many answer twice differently that one is asked twice within a few seconds: one question in sixteen is. */
const liars = 8;

describe('alerts about workers', () => {
  let database: TestDatabase;
  let owner: DataSource;
  let rig: AlertRig;
  const workers: BadWorker[] = [];
  const misbehaving = new Set<WorkerFault | 'everybody'>();

  beforeAll(async () => {
    database = await createTestDatabase();
    owner = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    rig = await AlertRig.start({
      DATABASE_URL: database.url,
      PAYMENT_INTERVAL_SECONDS: '1',
      REQUIRED_SERVICES: services.join(','),
      EVIDENCE_GRACE_SECONDS: '2',
      PAYOUT_ADDRESS_DELAY_SECONDS: '0',
      ALERT_DOWN_PERIODS: '2',
      ALERT_UNPAID_PERIODS: '3',
      ALERT_PATIENCE_SECONDS: '1',
      ALERT_LAG_SECONDS: '30',
      ALERT_REMINDER_SECONDS: '0',
    });
    await rig.until(
      () => rig.distributor.ask('/health/ready'),
      ({ status }) => status === 200,
    );
    await employ('good', () => undefined);
    for (const fault of everyFault) {
      const count = fault === 'equivocation' ? liars : 1;
      for (let index = 0; index < count; index += 1) await employ(`${fault} ${index}`, () => fault);
    }
  });

  afterAll(async () => {
    await rig.close();
    for (const worker of workers) await worker.close();
    await owner.destroy();
    await database.drop();
  });

  beforeEach(() => {
    rig.begin();
  });

  /** An orchestrator whose worker does its duty until its fault is switched on. */
  async function employ(name: string, faultOf: () => WorkerFault | undefined): Promise<void> {
    const worker = await startBadWorker(services, (asked, response) => {
      const fault = faultOf();
      if (misbehaving.has('everybody')) response.destroy();
      else if (fault !== undefined && misbehaving.has(fault)) workerFaults[fault](asked, response);
      else if (name === 'good') workerFaults.shared_stack(asked, response);
      else response.end(asked.sign());
    });
    workers.push(worker);
    await rig.ask('POST', 'orchestrators', {
      name,
      service_uri: `https://o-${workers.length}.example:9995`,
      worker_url: worker.url,
      worker_address: worker.address,
      payout_address: payoutAddress,
    });
  }

  /** From now on nobody misbehaves, and whoever was silent is asked again as if its backoff were over. */
  async function behave(): Promise<void> {
    misbehaving.clear();
    await owner.query(`update payments.assessment_progress set retry_at = '-infinity' where failures > 0`);
    await owner.query(
      'update payments.pending_assessment set next_attempt_at = payments.clock() where attempts > 0',
    );
  }

  it('tell of every bad worker by its own cause through every channel, and of its recovery', async () => {
    await rig.until(
      () => rig.openKinds(),
      (kinds) => kinds.length === 0,
    );
    // A stack belongs to who was first paid with it.
    const everybody = await rig.itemsOf('orchestrators?limit=200');
    const good = everybody.find(({ name }) => name === 'good');
    await rig.until(
      () => rig.itemsOf(`assessments?decision=paid&orchestrator_id=${String(good?.id)}&limit=1`),
      ({ length }) => length > 0,
    );
    for (const fault of everyFault) misbehaving.add(fault);
    await rig.told(everyFault, false);
    // One alert for each root cause: who is unpaid for a reason that is told is not told as unpaid too.
    const about = (await rig.open()).map(({ kind, subject }) => `${String(kind)} ${String(subject)}`);
    expect(about.filter((each) => each.startsWith('orchestrator_unpaid'))).toHaveLength(1);
    expect(about.filter((each) => each.startsWith('service_down'))).toHaveLength(1);
    expect(about.filter((each) => each.startsWith('worker_unreachable'))).toHaveLength(1);

    await behave();
    const byItself = everyFault.filter((fault) => fault !== 'equivocation');
    await rig.told(byItself, true);
    // What was signed twice is not undone by good reports: a person closes it.
    expect(await rig.closeAll('equivocation')).toBeGreaterThan(0);
    await rig.told(['equivocation'], true);
    expect((await rig.openKinds()).filter((kind) => kind !== 'late_evidence')).toEqual([]);
  });

  it('tell of what all silent workers have in common, once, and of none of them', async () => {
    misbehaving.add('everybody');
    await rig.told(['evidence_source_down'], false);
    expect(rig.kindsBegun).not.toContain('orchestrator_unpaid');
    misbehaving.clear();
    // Who was asked last is asked again after it is over, and is not told for that either.
    await rig.told(['evidence_source_down'], true);
    await rig.until(
      () => owner.query<unknown[]>('select 1 from payments.assessment_progress where failures > 0'),
      ({ length }) => length === 0,
    );
    expect(rig.kindsBegun).not.toContain('worker_unreachable');
  });

  it('tell of evidence that came too late until a person has decided about it', async () => {
    misbehaving.add('worker_unreachable');
    await rig.told(['worker_unreachable'], false);
    await rig.until(
      () => owner.query<unknown[]>('select 1 from payments.late_request'),
      ({ length }) => length > 0,
    );
    await behave();
    await rig.told(['worker_unreachable'], true);
    // An earlier test may have lost periods too, and have been told of them.
    rig.countEverything();
    // The first question for what was given up comes a minute after the decision: as if it had passed.
    await rig.until(
      async () => {
        await owner.query(
          'update payments.late_request set next_attempt_at = payments.clock() where attempts = 0',
        );
        await rig.collectLateEvidence();
        return rig.missing(['late_evidence'], false);
      },
      (absent) => absent.length === 0,
    );
    await rig.closeAll('late_evidence');
    await rig.told(['late_evidence'], true);
  });
});
