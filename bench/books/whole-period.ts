import { delay } from '#platform';
import { type EmbeddedPostgres } from '#platform/database';
import type { DataSource } from 'typeorm';
import { z } from 'zod';

import { Child } from '../run/child.js';
import type { CleanUp } from '../run/clean-up.js';
import { cpuOfServerMs } from '../run/cpu-of-server.js';
import { startOptions } from '../run/start-options.js';
import { setClock } from './bench-books.js';
import { type AssessedTurns, assessedTurns } from './distributor-protocol.js';
import type { WorkerFarm } from './worker-farm.js';

export const PERIOD_MS = 60_000;
/** After its end, so that a period is due whatever delay reports are given. */
const AFTER_END_MS = 1_000;
const LOOK_EVERY_MS = 100;

export interface PeriodResult extends AssessedTurns {
  /** Until the database showed every decision that could be made at all. */
  visibleMs: number;
  /** Undefined where the system does not tell. */
  databaseCpuMs: number | undefined;
  workersCpuMs: number;
}

export interface WholePeriod {
  server: EmbeddedPostgres;
  owner: DataSource;
  farm: WorkerFarm;
  distributor: Child;
  /** When the first period begins. */
  firstStart: Date;
}

export function startDistributor(url: string, timeoutMs: number, cleanUp: CleanUp): Child {
  const program = new URL('./distributor-process.js', import.meta.url);
  return Child.start(program, { url, timeoutMs }, cleanUp, startOptions('start:distributor'));
}

const countRow = z.tuple([z.object({ decided: z.int() })]);

async function untilVisible(owner: DataSource, start: Date, expected: number, signal: AbortSignal) {
  const startedAt = performance.now();
  while (!signal.aborted) {
    const [{ decided }] = countRow.parse(
      await owner.query('select count(*)::int as decided from payments.assessment where period_start = $1', [
        start,
      ]),
    );
    if (decided >= expected) break;
    await delay(LOOK_EVERY_MS);
  }
  return performance.now() - startedAt;
}

/** Lets the `index`th period end and the distributor judge it; `expected` of the orchestrators answer. */
export async function livePeriod(
  { server, owner, farm, distributor, firstStart }: WholePeriod,
  index: number,
  expected: number,
): Promise<PeriodResult> {
  const start = new Date(firstStart.getTime() + index * PERIOD_MS);
  const now = new Date(start.getTime() + PERIOD_MS + AFTER_END_MS);
  await farm.setClockBehind(await setClock(owner, now));
  const workersBeforeMs = await farm.cpuMs();
  const databaseBeforeMs = await cpuOfServerMs(server.pid);
  const ended = new AbortController();
  const visible = untilVisible(owner, start, expected, ended.signal);
  const asked = distributor.ask({ expected }, assessedTurns).finally(() => {
    ended.abort();
  });
  const [turns, visibleMs] = await Promise.all([asked, visible]);
  const databaseAfterMs = await cpuOfServerMs(server.pid);
  return {
    ...turns,
    visibleMs,
    databaseCpuMs:
      databaseBeforeMs === undefined || databaseAfterMs === undefined
        ? undefined
        : databaseAfterMs - databaseBeforeMs,
    workersCpuMs: (await farm.cpuMs()) - workersBeforeMs,
  };
}

const booksRow = z.tuple([
  z.object({ paid: z.int(), other: z.int(), payable_micro_usd: z.string().transform(BigInt) }),
]);

/** What all periods so far have left in the books. */
export async function readBooks(owner: DataSource): Promise<z.output<typeof booksRow>[0]> {
  const [row] = booksRow.parse(
    await owner.query(
      `select (select count(*)::int from payments.assessment where decision = 'paid') as paid,
              (select count(*)::int from payments.assessment where decision <> 'paid') as other,
              (select coalesce(sum(b.credits - b.debits), 0)::text from ledger.account_balance b
                 join ledger.account a on a.id = b.account_id where a.code like 'liability:payable:%') as payable_micro_usd`,
    ),
  );
  return row;
}
