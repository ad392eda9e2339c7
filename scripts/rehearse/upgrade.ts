import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

import { askJson } from '../surroundings/ask-json.js';
import type { BooksPrograms } from './books-programs.js';
import { describeLoad } from './describe-load.js';
import { type Expectation, judgePeriods, type PeriodsVerdict } from './judge-periods.js';
import { untilJudged, untilSettled } from './quiet-books.js';
import type { Payee, Rehearsed } from './rehearsed.js';
import { type LoadReport, RestLoad } from './rest-load.js';
import { until } from './until.js';

const workerLimitMs = 120_000;

export interface UpgradeOptions {
  stack: Rehearsed;
  programs: BooksPrograms;
  periodSeconds: number;
  /** Whole periods under load before the exchange, and after it. */
  periodsEachSide: number;
  say: (text: string) => void;
}

export interface UpgradeReport {
  exchangeMs: number;
  load: LoadReport;
  upgraded: PeriodsVerdict;
  paidMicroUsd: bigint;
  backupBytes: number;
  restoreMs: number;
  restored: PeriodsVerdict;
  wrong: string[];
}

/** An old version is replaced by a new one under load, then its books are restored elsewhere; what was lost is in `wrong`. */
export async function rehearseUpgrade(options: UpgradeOptions): Promise<UpgradeReport> {
  const { stack, programs, periodSeconds, periodsEachSide, say } = options;
  const periodMs = periodSeconds * 1_000;
  const periods = (count: number) => sleep(count * periodMs);
  const wrong: string[] = [];
  const balanceOf = (address: string) => stack.balanceOf(address);

  const settingUp = await setUp(options);
  say(`${stack.payees.length} payees are on air; load begins: 20 reads and 2 adjustments a second`);
  const load = new RestLoad(stack.api, settingUp[0]?.orchestratorId ?? '');
  load.start();
  const last = stack.payees.at(-1);
  const unlucky = stack.services.get(last?.letter ?? '');
  const victim = last?.services[0] ?? '';
  await periods(1);
  say(`${victim} is down for three periods`);
  await unlucky?.stop(victim);
  await periods(3);
  await unlucky?.startAgain();
  await periods(periodsEachSide);

  say('the new version is made ready while the old one works');
  await stack.prepareNew();
  await periods(1);
  say(`${victim} goes down again; workers and distributor are replaced`);
  await unlucky?.stop(victim);
  const began = performance.now();
  await stack.exchange();
  const exchangeMs = performance.now() - began;
  say(`replaced and ready after ${(exchangeMs / 1_000).toFixed(1)} s`);
  await periods(3);
  await unlucky?.startAgain();
  await periods(periodsEachSide);

  const expectations = (endMs: number): Expectation[] =>
    settingUp.map((each) => ({
      ...each,
      periods: { fromMs: each.periods.fromMs, toMs: Math.floor(endMs / periodMs) * periodMs },
      outages: stack.services.get(each.letter)?.outages ?? [],
      unsure: [...each.unsure, ...(stack.services.get(each.letter)?.unsure ?? [])],
    }));
  const measured = await load.stop();
  say(describeLoad(measured));
  await load.repeatWrites();
  wrong.push(...(await load.writeFaults()));
  const first = expectations(Date.now());
  const upgraded = judgePeriods(periodMs, first, await untilJudged(stack.api, first));
  wrong.push(...upgraded.faults);
  say(
    `${upgraded.expected} periods judged: ${upgraded.paid} paid, ${upgraded.unpaid} unpaid, ${upgraded.faults.length} wrong`,
  );
  const { reconciliation, paidMicroUsd } = await untilSettled(stack.api, balanceOf);

  say('the books are backed up, restored into another cluster, and verified');
  await stack.stopDistributor();
  const folder = await mkdtemp(join(tmpdir(), 'rehearsal-backup-'));
  try {
    const [origin, elsewhere] = [await stack.databaseUrl('origin'), await stack.databaseUrl('elsewhere')];
    const original = await programs.verify(origin);
    const file = join(folder, 'books.sql.gz');
    const backup = await programs.backUp(origin, file);
    const restoring = performance.now();
    const restored = await programs.restore(file, elsewhere);
    const restoreMs = performance.now() - restoring;
    if (!isDeepStrictEqual(restored.books, backup.books)) {
      wrong.push(
        `restored: ${JSON.stringify(restored.books)}, but backed up: ${JSON.stringify(backup.books)}`,
      );
    }
    const again = await programs.verify(elsewhere);
    if (again.head !== original.head)
      wrong.push(`the restored chain of seals ends with ${String(again.head)}`);

    await stack.startOnRestoredBooks();
    const there = await stack.api.reconciliation();
    if (!there.ok || !isDeepStrictEqual(there.accounts, reconciliation.accounts)) {
      wrong.push(
        `reconciled elsewhere: ${JSON.stringify(there)}, but before: ${JSON.stringify(reconciliation)}`,
      );
    }
    say('they reconcile as the original did; the distributor works on them, and what it missed is judged');
    await periods(3);
    const second = expectations(Date.now());
    const caughtUp = judgePeriods(periodMs, second, await untilJudged(stack.api, second));
    wrong.push(...caughtUp.faults.filter((fault) => !upgraded.faults.includes(fault)));
    await stack.api.ask('payouts/resume', z.unknown(), { method: 'POST', body: {} });
    await untilSettled(stack.api, balanceOf);
    await programs.verify(elsewhere);
    return {
      ...{ exchangeMs, load: measured, upgraded, paidMicroUsd, backupBytes: backup.bytes, restoreMs },
      ...{ restored: caughtUp, wrong },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Enters the payees whose workers the environment does not name, and waits until each worker has seen its services. */
async function setUp({
  stack,
  periodSeconds,
  say,
}: UpgradeOptions): Promise<(Expectation & { letter: string })[]> {
  const [first, ...others] = stack.payees;
  await Promise.all(stack.payees.map((payee) => untilWatched(stack, payee)));
  for (const payee of others) await enter(stack, payee);
  const steadyMs = Date.now();
  const records = await stack.api.orchestrators();
  return [first, ...others].flatMap((payee) => {
    const record = records.find(({ service_uri }) => service_uri === payee?.serviceUri);
    if (payee === undefined || record === undefined) return [];
    const periodMs = periodSeconds * 1_000;
    // As in the books: from the first boundary after the moment at which the record was made.
    const fromMs = (Math.floor(record.created_at / periodMs) + 1) * periodMs;
    say(`${payee.letter} is on the books since ${new Date(record.created_at).toISOString()}`);
    return {
      ...{ letter: payee.letter, orchestratorId: record.id, outages: [] },
      periods: { fromMs, toMs: fromMs },
      unsure: [{ fromMs: 0, toMs: steadyMs }],
    };
  });
}

const signedReport = z.object({ report: z.object({ report: z.object({ worker_address: z.string() }) }) });

/** As docs/orchestrator.md has it: the payer is told the key that the worker signs with. */
async function enter(stack: Rehearsed, payee: Payee): Promise<void> {
  const job = { method: 'POST', body: {} } as const;
  const { report } = await askJson(
    'the worker',
    `${await stack.workerUrlFor(payee)}/agent-net`,
    signedReport,
    job,
  );
  await stack.api.ask('orchestrators', z.unknown(), {
    method: 'POST',
    headers: { 'idempotency-key': payee.serviceUri },
    body: {
      service_uri: payee.serviceUri,
      worker_url: payee.workerUrl,
      worker_address: report.report.worker_address,
      payout_address: payee.payoutAddress,
      required_services: payee.services,
    },
  });
}

async function untilWatched(stack: Rehearsed, payee: Payee): Promise<void> {
  const schema = z.object({ services: z.array(z.object({ uptime_percentage: z.number() })) });
  await until(`the worker of ${payee.letter} to have seen its services`, workerLimitMs, async () => {
    const url = `${await stack.workerUrlFor(payee)}/service-uptime?window=2s`;
    const { services } = await askJson('the worker', url, schema);
    return services.every(({ uptime_percentage }) => uptime_percentage === 100) ? true : undefined;
  });
}
