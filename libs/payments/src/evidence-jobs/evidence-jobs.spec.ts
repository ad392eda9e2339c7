import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';

import { bookServices, openTestBooks, type BookServices, type TestBooks } from '../../testing/test-books.js';
import { TestWorker } from '../../testing/test-worker.js';
import type { EvidenceJob, NewEvidenceJob } from './evidence-job.js';
import { EvidenceJobs } from './evidence-jobs.js';

const noon = new Date(Date.UTC(2026, 10, 22, 12, 0));

describe('jobs that ask for evidence', () => {
  let books: TestBooks;
  let services: BookServices;
  let jobs: EvidenceJobs;
  let orchestratorId: string;

  beforeEach(async () => {
    books = await openTestBooks();
    await books.setClock(new Date(noon.getTime() - 30_000));
    services = bookServices(books.database);
    await services.books.open();
    jobs = new EvidenceJobs(books.database);
    const worker = new TestWorker();
    worker.change = (statement) => ({ ...statement, issuedAtMs: BigInt(noon.getTime() + 120_100) });
    ({ id: orchestratorId } = await services.orchestrators.create(
      { name: 'one', serviceUri: 'https://one:9995', workerAddress: worker.address },
      'admin',
    ));
    await books.setClock(new Date(noon.getTime() + 120_100));
    await services.assessor.assessDue(worker);
  });
  afterEach(() => books.close());

  const job = (change: Partial<NewEvidenceJob> = {}): NewEvidenceJob => ({
    orchestratorId,
    periodStart: noon,
    jobId: randomUUID(),
    challenge: `0x${'ab'.repeat(32)}`,
    sentAt: noon,
    latencyMs: 12.6,
    outcome: 'success',
    status: 200,
    doneBy: 'https://one:9995',
    detail: '',
    ...change,
  });

  async function kept(...recorded: NewEvidenceJob[]): Promise<Map<number, EvidenceJob[]>> {
    for (const each of recorded) jobs.record(each);
    await jobs.written();
    const { items } = await services.assessments.list();
    return new Map(items.map((item) => [item.periodStart.getTime(), item.jobs]));
  }

  it('are kept with the assessment of their period, failed ones too, in the order in which they were sent', async () => {
    const late = { sentAt: new Date(noon.getTime() + 1_000), latencyMs: 3 };
    const lost = job({ outcome: 'unknown', status: null, doneBy: null, detail: 'no answer' });
    const done = job({ ...late });
    const other = job({ periodStart: new Date(noon.getTime() + 60_000) });
    const shown = await kept(done, lost, other);
    const wire = ({ orchestratorId: _, periodStart: __, ...rest }: NewEvidenceJob): EvidenceJob => ({
      ...rest,
      latencyMs: Math.round(rest.latencyMs),
    });
    expect(shown.get(noon.getTime())).toEqual([wire(lost), wire(done)]);
    expect(shown.get(noon.getTime() + 60_000)).toEqual([wire(other)]);
    const { items } = await services.assessments.list();
    expect((await services.assessments.get(items.at(-1)!.id)).jobs).toHaveLength(2);
  });

  it('may be as strange as what a stranger answers', async () => {
    const shown = await kept(job({ detail: `\0${'x'.repeat(5_000)}`, doneBy: 'y'.repeat(5_000) }));
    const [only] = shown.get(noon.getTime()) ?? [];
    expect(only?.detail).toBe('x'.repeat(500));
    expect(only?.doneBy).toBe('y'.repeat(500));
  });

  it('of which one cannot be written keep nobody from being judged', async () => {
    const twice = job();
    await kept(twice);
    await kept(twice);
    expect((await kept(job())).get(noon.getTime())).toHaveLength(2);
  });

  it('are never changed and never deleted by the application', async () => {
    await kept(job());
    for (const sql of [
      "update payments.evidence_job set outcome = 'success'",
      'delete from payments.evidence_job',
    ]) {
      await expect(books.database.dataSource.query(sql)).rejects.toThrow(/permission denied/);
      await expect(books.owner.query(sql)).rejects.toThrow(/append-only/);
    }
  });
});
