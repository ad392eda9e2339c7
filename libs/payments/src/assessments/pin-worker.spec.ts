import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';

import { decideDue } from '../../testing/decide-due.js';
import { TestWorker } from '../../testing/test-worker.js';
import type { AssessmentRecord } from './assessment.js';
import type { EvidenceSource } from './evidence-source.js';
import { AssessorRig, at } from './testing/assessor-rig.js';

describe('whose reports an orchestrator is paid by', () => {
  let rig: AssessorRig;

  beforeEach(async () => {
    rig = await AssessorRig.open();
  });
  afterEach(() => rig.close());

  const fromEnvironment = (...serviceUris: string[]): Promise<unknown> =>
    rig.services.orchestrators.ensureFromEnvironment(
      serviceUris.map((serviceUri) => ({ serviceUri, workerUrl: 'http://worker:9876' })),
    );

  const askAt = async (moment: Date, source: EvidenceSource): Promise<AssessmentRecord[]> => {
    await rig.setClock(moment);
    return decideDue(rig.services.assessor, source);
  };

  /** Whose reports are issued at this moment. */
  const workerOf = (moment: Date): TestWorker => {
    const worker = new TestWorker();
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(moment.getTime()) });
    return worker;
  };

  it('is the first signer of a record made from the environment, and no other', async () => {
    await fromEnvironment('https://env:9995/');
    const worker = new TestWorker();
    expect(await askAt(at(1), worker)).toMatchObject([{ decision: 'paid' }]);
    const [orchestrator] = (await rig.services.orchestrators.list()).items;
    expect(orchestrator).toMatchObject({ name: 'env:9995', workerAddress: worker.address });
    expect((await rig.services.audit.list()).items[0]).toMatchObject({
      action: 'worker pinned',
      actor: 'assessor',
      after: { worker_address: worker.address },
    });
    expect(await askAt(at(2), new TestWorker())).toMatchObject([{ reason: 'wrong_worker' }]);

    const next = workerOf(at(4));
    await rig.services.orchestrators.acceptWorker(orchestrator!.id, next.address, 'admin');
    expect(await askAt(at(4), next)).toMatchObject([{ reason: 'wrong_worker' }, { decision: 'paid' }]);
  });

  it('is one signer when several periods of a new record arrive at once', async () => {
    await fromEnvironment('https://env:9995');
    const [one, two] = [workerOf(at(2)), workerOf(at(2))];
    let asked = 0;
    const decided = await askAt(at(2), { fetch: (request) => (asked++ === 0 ? one : two).fetch(request) });
    expect(decided).toMatchObject([{ decision: 'paid' }, { decision: 'unpaid', reason: 'wrong_worker' }]);
  });

  it.each([
    ['one orchestrator only', false, ['paid', 'unpaid']],
    ['each orchestrator, when that is allowed', true, ['paid', 'paid']],
  ])('may be one worker: in a period it earns for %s', async (_what, allowSharedWorkers, decisions) => {
    await rig.close();
    rig = await AssessorRig.open({ allowSharedWorkers });
    await fromEnvironment('https://one:9995', 'https://two:9995');
    const decided = await askAt(at(1), new TestWorker());
    expect(decided.map(({ decision }) => decision).sort()).toEqual(decisions);
    expect(decided.filter(({ reason }) => reason === 'shared_worker')).toHaveLength(
      allowSharedWorkers ? 0 : 1,
    );
  });

  it('may move to another orchestrator, and earns once for a period that both were due', async () => {
    const worker = new TestWorker();
    // With other containers each time, so that they do not give it away.
    worker.engineId = '';
    worker.containerIds = (service) => [`${service} ${randomUUID()}`];
    const { id } = await rig.create('old', { workerAddress: worker.address });
    await rig.setClock(at(1));
    await rig.services.orchestrators.archive(id, 'admin');
    await rig.create('new', { workerAddress: worker.address });
    // As if the new record had been made before the period, which the rules of creation prevent.
    await rig.books.owner.query(
      `insert into payments.pending_assessment (orchestrator_id, period_start, period_end, next_attempt_at)
         select id, $1, $2, $1 from payments.orchestrator where service_uri = 'https://new:9995'`,
      [at(0), at(1)],
    );
    await rig.books.owner.query(
      `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
         select orchestrator_id, fact, value, $1, 'test' from payments.orchestrator_fact where fact <> 'status'`,
      [at(0)],
    );
    await rig.books.owner.query(
      `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
         select id, 'status', 'active', $1, 'test' from payments.orchestrator where service_uri = 'https://new:9995'`,
      [at(0)],
    );
    const decided = await decideDue(rig.services.assessor, worker);
    expect(decided.map(({ decision, reason }) => [decision, reason]).sort()).toEqual([
      ['paid', null],
      ['unpaid', 'shared_worker'],
    ]);
  });
});
