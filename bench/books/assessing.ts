import type { BenchmarkContext, Measurement, Section } from '../benchmark.js';
import { median, medianAndLargest, medianAndSmallest } from '../run/statistics.js';
import { addOrchestrators } from './bench-books.js';
import type { Sizes } from './sizes.js';
import { livePeriod, PERIOD_MS, type PeriodResult, readBooks, type WholePeriod } from './whole-period.js';
import type { DataSource } from 'typeorm';
import type { Child } from '../run/child.js';
import type { EmbeddedPostgres } from '#platform/database';
import type { WorkerFarm } from './worker-farm.js';

/** What the Python original manages (docs/benchmarks.md). */
const PYTHON_PER_SECOND = 8;
const REWARD_MICRO_USD = 10_000_000n;
const HOUR_MS = 3_600_000;

interface Setting {
  server: EmbeddedPostgres;
  owner: DataSource;
  farm: WorkerFarm;
  distributor: Child;
}

const seconds = (ms: readonly number[]): number[] => ms.map((value) => value / 1_000);

function exactness(what: string, value: bigint, expected: bigint, beside: string): Measurement {
  return { what, unit: 'count', value: Number(value), target: { exactly: Number(expected) }, beside };
}

/** Measures whole periods: first everybody answers, then a part of the workers is dead. */
export async function measureAssessing(
  { server, owner, farm, distributor }: Setting,
  sizes: Sizes,
  context: BenchmarkContext,
): Promise<{ sections: Section[]; wholePeriod: WholePeriod }> {
  const { orchestrators } = sizes;
  // On a full hour: a period of the books begins there, whatever its length.
  const firstStart = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS);
  await addOrchestrators(owner, farm.workers, firstStart);
  const wholePeriod = { server, owner, farm, distributor, firstStart };

  const live: PeriodResult[] = [];
  for (let index = 0; index < sizes.livePeriods; index += 1) {
    context.progress(`books: period ${index + 1} of ${sizes.livePeriods}, everybody answers`);
    live.push(await livePeriod(wholePeriod, index, orchestrators));
  }
  const dead = Math.round(orchestrators * sizes.deadShare);
  await farm.kill(dead);
  const withDead: PeriodResult[] = [];
  for (let index = 0; index < sizes.periodsWithDead; index += 1) {
    context.progress(`books: period ${index + 1} of ${sizes.periodsWithDead}, ${dead} workers are dead`);
    withDead.push(await livePeriod(wholePeriod, sizes.livePeriods + index, orchestrators - dead));
  }

  const { paid, other, payable_micro_usd: payable } = await readBooks(owner);
  const expectedPaid = BigInt(orchestrators * live.length + (orchestrators - dead) * withDead.length);
  const sections = [
    describeLive(live, sizes),
    describeWithDead(withDead, live, dead, sizes),
    {
      title: 'what the books hold afterwards',
      about: `After ${live.length + withDead.length} periods of ${PERIOD_MS / 1_000} s.`,
      measurements: [
        exactness('paid assessments', BigInt(paid), expectedPaid, 'one for each orchestrator that answered'),
        exactness('other assessments', BigInt(other), 0n, 'who does not answer stays pending'),
        exactness(
          'owed, in micro-dollars',
          payable,
          expectedPaid * REWARD_MICRO_USD,
          'sum of all payable accounts',
        ),
      ],
    },
  ];
  return { sections, wholePeriod };
}

function describeLive(live: readonly PeriodResult[], sizes: Sizes): Section {
  const [first] = live;
  const steady = live.slice(1);
  const all = (pick: (result: PeriodResult) => number): number[] => steady.map(pick);
  const perSecond = all(({ wholeMs }) => (sizes.orchestrators / wholeMs) * 1_000);
  return {
    title: `one period of ${sizes.orchestrators.toLocaleString('en-US')} orchestrators`,
    about:
      'Real HTTP workers on loopback, each an origin and a key of its own with seven services: claimed, fetched with a ' +
      'fresh challenge, verified, assessed, stored and posted. The parts overlap: decisions are written while others are fetched.',
    measurements: [
      {
        what: 'whole period, connections kept alive',
        unit: 's',
        ...medianAndLargest(seconds(all(({ wholeMs }) => wholeMs))),
        target: { atMost: 6 },
        beside: `median of ${steady.length}`,
      },
      {
        what: 'whole period, the first one',
        unit: 's',
        value: (first?.wholeMs ?? Number.NaN) / 1_000,
        target: { atMost: 6 },
        beside: 'connecting to everybody',
      },
      {
        what: 'orchestrators',
        unit: 'per second',
        ...medianAndSmallest(perSecond),
        beside: `the Python original: ${PYTHON_PER_SECOND}/s`,
      },
      {
        what: 'claim',
        unit: 'ms',
        ...medianAndLargest(all(({ claimMs }) => claimMs)),
        beside: 'until the first worker is asked',
      },
      {
        what: 'fetch, verify, assess',
        unit: 'ms',
        ...medianAndLargest(all(({ fetchMs }) => fetchMs)),
        beside: 'first question to last answer',
      },
      {
        what: 'record',
        unit: 'ms',
        ...medianAndLargest(all(({ recordMs }) => recordMs)),
        beside: `${median(all(({ recordTransactions }) => recordTransactions))} transactions, most while fetching`,
      },
      {
        what: 'of which posting',
        unit: 'ms',
        ...medianAndLargest(all(({ postMs }) => postMs)),
        target: { atMost: 200 },
        beside: 'within those transactions, both cores busy',
      },
      { what: 'processor time, distributor', unit: 'ms', ...medianAndLargest(all(({ cpuMs }) => cpuMs)) },
      {
        what: 'processor time, PostgreSQL',
        unit: 'ms',
        ...medianAndLargest(all(({ databaseCpuMs }) => databaseCpuMs ?? Number.NaN)),
      },
      {
        what: 'processor time, all workers',
        unit: 'ms',
        ...medianAndLargest(all(({ workersCpuMs }) => workersCpuMs)),
        beside: 'on the same cores',
      },
      {
        what: 'largest resident memory',
        unit: 'MB',
        value: Math.max(...live.map(({ peakMemoryBytes }) => peakMemoryBytes)) / 1e6,
        target: { atMost: 300 },
        beside: 'the distributor, since it began',
      },
    ],
  };
}

function describeWithDead(
  withDead: readonly PeriodResult[],
  live: readonly PeriodResult[],
  dead: number,
  sizes: Sizes,
): Section {
  const liveSeconds = median(live.map(({ wholeMs }) => wholeMs)) / 1_000;
  const timeoutSeconds = sizes.timeoutMs / 1_000;
  return {
    title: `one period with ${dead.toLocaleString('en-US')} dead workers`,
    about: 'Half of the dead refuse the connection, the other half take it and never answer.',
    measurements: [
      {
        what: 'whole period',
        unit: 's',
        ...medianAndLargest(seconds(withDead.map(({ wholeMs }) => wholeMs))),
        target: { atMost: liveSeconds + timeoutSeconds },
        beside: `${liveSeconds.toFixed(2)} s without dead ones, one timeout of ${timeoutSeconds} s`,
      },
      {
        what: 'until everybody who answers is decided',
        unit: 's',
        ...medianAndLargest(seconds(withDead.map(({ visibleMs }) => visibleMs))),
        beside: `${liveSeconds.toFixed(2)} s without dead ones`,
      },
      {
        what: 'largest resident memory',
        unit: 'MB',
        value: Math.max(...withDead.map(({ peakMemoryBytes }) => peakMemoryBytes)) / 1e6,
        target: { atMost: 300 },
        beside: 'the distributor, since it began',
      },
    ],
  };
}
