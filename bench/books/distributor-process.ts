import 'reflect-metadata';
import { defaultServices } from '#monitoring';
import {
  applicationRole,
  Assessor,
  BooksModule,
  type EvidenceSource,
  Ledger,
  paymentsMigrations,
} from '#payments';
import { createLogger, delay } from '#platform';
import { Database, DatabaseModule } from '#platform/database';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { AddressGuard } from '../../apps/distributor/src/evidence/address-guard.js';
import { WorkerEvidence } from '../../apps/distributor/src/evidence/worker-evidence.js';
import { peakMemoryBytes } from '../run/peak-memory.js';
import { answerWith, cpuMsBetween, ownCpuTime, settingsOf } from '../run/answering.js';
import { assessMessage, type AssessedTurns, distributorSettings } from './distributor-protocol.js';

const { url, timeoutMs } = settingsOf(distributorSettings);

/** The distributor's books and database, wired as in the app, without its schedules and REST. */
@Module({
  imports: [
    DatabaseModule.forRootAsync({
      useFactory: () => ({ url, migrations: paymentsMigrations, role: applicationRole }),
    }),
    BooksModule.forRoot({
      paymentIntervalSeconds: 60,
      basePaymentMicroUsd: 10_000_000n,
      maxRateMicroUsd: 100_000_000n,
      minServiceUptimeBasisPoints: 9_500n,
      uptimeAggregation: 'mean',
      requiredServices: defaultServices,
      evidenceGraceSeconds: 86_400,
      allowSharedWorkers: false,
      payoutAddressDelaySeconds: 86_400,
      fetchTimeoutMs: timeoutMs + 500,
    }),
  ],
})
class BenchDistributor {}

const app = await NestFactory.createApplicationContext(BenchDistributor, {
  // One line of JSON for each decision, as the distributor writes them.
  logger: createLogger({ format: 'json' }),
});
const database = app.get(Database);
await database.whenReady();
const assessor = app.get(Assessor);
const workers = new WorkerEvidence({ timeoutMs, guard: new AddressGuard({ allowLoopback: true }) });

const TICK_MS = 1_000;
/** Then the benchmark says that decisions are missing. */
const LONGEST_PERIOD_MS = 120_000;

interface Watch {
  firstQuestionAt: number | undefined;
  lastAnswerAt: number;
  recordMs: number;
  recordTransactions: number;
  postMs: number;
}
let watch: Watch;

/** The app's own source of evidence, with a stop watch. */
const watchedWorkers: EvidenceSource = {
  async fetch(request) {
    watch.firstQuestionAt ??= performance.now();
    const outcome = await workers.fetch(request);
    if (outcome.kind === 'report') watch.lastAnswerAt = performance.now();
    return outcome;
  },
};

function watchLedger(posting: Ledger): void {
  const post = posting.post.bind(posting);
  posting.post = async (tx, entry) => {
    const startedAt = performance.now();
    const posted = await post(tx, entry);
    watch.postMs += performance.now() - startedAt;
    return posted;
  };
}

/** Whatever the assessor does in a transaction once it has begun to ask is the recording of decisions. */
function watchTransactions(books: Database): void {
  const transaction = books.transaction.bind(books);
  books.transaction = async (work) => {
    const startedAt = performance.now();
    const isRecord = watch.firstQuestionAt !== undefined;
    const result = await transaction(work);
    if (isRecord) {
      watch.recordMs += performance.now() - startedAt;
      watch.recordTransactions += 1;
    }
    return result;
  };
}

watchLedger(app.get(Ledger));
watchTransactions(database);

/** As the distributor's schedule does: a turn every second, whether or not earlier ones still wait for somebody. */
async function takeTurns(expected: number): Promise<{ decided: number; turns: number }> {
  const turns: Promise<void>[] = [];
  let decided = 0;
  const enough = new AbortController();
  const deadline = performance.now() + LONGEST_PERIOD_MS;
  while (!enough.signal.aborted && performance.now() < deadline) {
    turns.push(
      assessor.assessDue(watchedWorkers).then(
        (count) => {
          decided += count;
          if (decided >= expected) enough.abort();
        },
        (error: unknown) => {
          // The next turn goes on where this one ended.
          process.stderr.write(`a turn failed: ${String(error)}\n`);
        },
      ),
    );
    await delay(TICK_MS, enough.signal);
  }
  await Promise.all(turns);
  return { decided, turns: turns.length };
}

answerWith(assessMessage, async ({ expected }): Promise<AssessedTurns> => {
  watch = { firstQuestionAt: undefined, lastAnswerAt: 0, recordMs: 0, recordTransactions: 0, postMs: 0 };
  const cpuBefore = ownCpuTime();
  const startedAt = performance.now();
  const { decided, turns } = await takeTurns(expected);
  const wholeMs = performance.now() - startedAt;
  const firstQuestionAt = watch.firstQuestionAt ?? startedAt;
  return {
    decided,
    turns,
    wholeMs,
    claimMs: firstQuestionAt - startedAt,
    fetchMs: Math.max(0, watch.lastAnswerAt - firstQuestionAt),
    recordMs: watch.recordMs,
    recordTransactions: watch.recordTransactions,
    postMs: watch.postMs,
    cpuMs: cpuMsBetween(cpuBefore, ownCpuTime()),
    peakMemoryBytes: await peakMemoryBytes(),
  };
});
