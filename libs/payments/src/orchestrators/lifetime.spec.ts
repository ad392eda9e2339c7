import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { type BookServices, bookServices, openTestBooks, type TestBooks } from '../../testing/test-books.js';
import { bySource, TestWorker } from '../../testing/test-worker.js';

const noon = Date.UTC(2026, 10, 22, 12, 0);
const at = (seconds: number): Date => new Date(noon + seconds * 1_000);

describe('the time that an orchestrator is paid for', () => {
  let books: TestBooks;
  let services: BookServices;
  let worker: TestWorker;
  let id: string;

  beforeEach(async () => {
    books = await openTestBooks();
    await books.setClock(at(30));
    services = bookServices(books.database);
    await services.books.open();
    worker = new TestWorker();
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(600).getTime()) });
    const input = { serviceUri: 'https://one:9995', workerAddress: worker.address };
    ({ id } = await services.orchestrators.create(input, 'admin'));
  });
  afterEach(async () => {
    await books.close();
  });

  /** Seconds after noon and why each period was not paid, the oldest first. */
  const judged = async (): Promise<[number, string | null][]> => {
    await books.setClock(at(600));
    for (let turn = 0; turn < 4; turn += 1) await services.assessor.assessDue(worker);
    const { items } = await services.assessments.list({ orchestratorId: id, limit: 100 });
    return items
      .map(({ periodStart, reason }): [number, string | null] => [
        (periodStart.getTime() - noon) / 1_000,
        reason,
      ])
      .reverse();
  };

  it('leaves out whole periods while it is paused, from the next one after each word', async () => {
    await books.setClock(at(90));
    await services.orchestrators.change(id, { status: 'paused' }, 'admin');
    await books.setClock(at(200));
    await services.orchestrators.change(id, { status: 'active' }, 'admin');
    await books.setClock(at(330));
    await services.orchestrators.archive(id, 'admin');
    expect(await judged()).toEqual([
      [60, null],
      [120, 'orchestrator_paused'],
      [180, 'orchestrator_paused'],
      [240, null],
    ]);
  });

  it('leaves nothing out when it is paused and resumed within one period', async () => {
    await books.setClock(at(90));
    await services.orchestrators.change(id, { status: 'paused' }, 'admin');
    await services.orchestrators.change(id, { status: 'active' }, 'admin');
    await books.setClock(at(180));
    await services.orchestrators.archive(id, 'admin');
    expect(await judged()).toEqual([
      [60, null],
      [120, null],
    ]);
  });

  it.each([
    [179.999, [60]],
    [180, [60, 120]],
    [200, [60, 120]],
    [60.5, []],
  ])('ends with the last whole period before the archive, at %s s', async (seconds, starts) => {
    await books.setClock(at(seconds));
    await services.orchestrators.archive(id, 'admin');
    expect((await judged()).map(([start]) => start)).toEqual(starts);
  });

  it('ends there also for periods that were already waiting for their evidence', async () => {
    worker.answer = () => ({ kind: 'failed', detail: 'nobody there' });
    await books.setClock(at(185));
    await services.assessor.assessDue(worker);
    await services.orchestrators.archive(id, 'admin');
    worker.answer = undefined;
    expect(await judged()).toEqual([
      [60, null],
      [120, null],
    ]);
  });

  it('is judged by an aggregation, threshold and services of its own, from the next period on', async () => {
    const strict = new TestWorker();
    const input = { serviceUri: 'https://two:9995', workerAddress: strict.address };
    const { id: own } = await services.orchestrators.create(input, 'admin');
    // 92 % of the worst, 96 % on average.
    for (const one of [worker, strict]) one.downMs = { redis_scb: 4_800n };
    await books.setClock(at(90));
    await services.policies.setFor(own, { aggregation: 'min' }, 'admin');
    await books.setClock(at(185));
    const source = bySource({ 'https://one:9995': worker, 'https://two:9995': strict });
    for (const one of [worker, strict]) {
      one.change = (statement) => ({ ...statement, issuedAtMs: BigInt(at(185).getTime()) });
    }
    for (let turn = 0; turn < 3; turn += 1) await services.assessor.assessDue(source);
    const reasons = async (orchestratorId: string) =>
      (await services.assessments.list({ orchestratorId })).items.map(({ reason }) => reason).reverse();
    expect(await reasons(id)).toEqual([null, null]);
    expect(await reasons(own)).toEqual([null, 'below_threshold']);
  });
});
