import type { Profile } from '#livepeer/testing';
import { request } from 'undici';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

import type { CleanUp } from '../../run/clean-up.js';
import { type FaultPlan, Troublemaker } from './faults.js';
import { Intervals } from './intervals.js';
import { JobMaker, jobMix, type Verdict } from './jobs.js';
import { Memory, type MemoryGrowth } from './memory.js';
import { capability, capacity, startNetwork } from './network.js';
import { Random } from './random.js';
import { Tally } from './tally.js';
import { type Durations, Watch } from './watch.js';

export interface SoakOptions {
  jobs: number;
  seed: number;
  profile: Profile;
  /** Undefined: the worker's own program with its own 30 s. */
  heartbeatMs: number | undefined;
  /** Jobs are sent at about this rate. */
  perSecond: number;
  faults: FaultPlan;
}

export interface SoakResult {
  tally: Tally;
  faults: ReadonlyMap<string, number>;
  losses: Durations;
  leaks: Durations;
  memory: MemoryGrowth | undefined;
  /** After the last fault: whether capability and slots came back, and ten jobs in a row were done. */
  isWellAtEnd: boolean;
  /** The worker was told to stop: whether it did by itself, and whether it withdrew its capability. */
  hasStopped: boolean;
  isWithdrawn: boolean;
  tookMs: number;
}

/** Callers at once, who share a timetable; the largest crowd is more than the worker takes. */
const laneCounts = [
  [1, 1],
  [3, 4],
  [4, 12],
  [1, 40],
] as const;
const waveMs = 5_000;
const recoveryLimitMs = 90_000;

export async function soak(
  options: SoakOptions,
  cleanUp: CleanUp,
  progress: (text: string) => void,
): Promise<SoakResult> {
  const startedMs = performance.now();
  progress('starting the worker');
  const network = await startNetwork(options.profile, options.heartbeatMs, cleanUp);
  const random = new Random(options.seed);
  const jobs = new JobMaker(network, random, await workerAddress(network.worker.url));
  cleanUp.add(() => jobs.close());
  const trouble = new Troublemaker(network, new Random(options.seed + 1), options.faults);
  const watch = new Watch(network.orchestrator, trouble.canRegister);
  cleanUp.add(() => {
    watch.stop();
  });
  await recovery(watch);
  const memory = new Memory(() => network.worker.heldMemory());

  const tally = new Tally();
  const overload = new Intervals(1_000);
  let inFlight = 0;
  const isExcused = (fromMs: number, toMs: number): boolean =>
    [trouble.active, watch.absent, watch.full, overload].some((spans) => spans.touch(fromMs, toMs));

  const one = async (): Promise<void> => {
    const fromMs = performance.now();
    inFlight += 1;
    overload.set(inFlight + watch.leaked >= capacity);
    let verdict: Verdict;
    try {
      verdict = await jobs.run(random.pick(jobMix));
    } finally {
      inFlight -= 1;
      overload.set(inFlight + watch.leaked >= capacity);
    }
    watch.look();
    tally.add(verdict, isExcused(fromMs, performance.now()));
  };

  trouble.start();
  let sent = 0;
  let nextAt = performance.now();
  while (sent < options.jobs) {
    const lanes = random.pick(laneCounts);
    const waveEndsAt = performance.now() + waveMs;
    const lane = async (): Promise<void> => {
      while (sent < options.jobs && performance.now() < waveEndsAt) {
        sent += 1;
        // Jobs come as strangers send them: some at once, then none for a while.
        nextAt = Math.max(nextAt + random.exponential(1_000 / options.perSecond), performance.now() - 1_000);
        await sleep(Math.max(0, nextAt - performance.now()));
        await one();
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    await memory.sample(sent / options.jobs);
    progress(`${tally.describe(options.jobs, watch)}; ${memory.latest()}`);
  }
  await trouble.stop();

  progress('waiting until everything has healed');
  const isHealed = await recovery(watch);
  const last: Verdict[] = [];
  for (let n = 0; n < 10; n += 1) last.push(await jobs.run('ordinary'));
  watch.stop();
  progress('stopping the worker');
  const hasStopped = (await network.worker.stop()) !== undefined;
  return {
    tally,
    faults: trouble.counts,
    losses: watch.losses,
    leaks: watch.leaks,
    memory: memory.growth(),
    isWellAtEnd: isHealed && last.every(({ outcome }) => outcome === 'answered'),
    hasStopped,
    isWithdrawn: network.orchestrator.capabilities().every(({ name }) => name !== capability),
    tookMs: performance.now() - startedMs,
  };
}

async function recovery(watch: Watch): Promise<boolean> {
  const givesUpAt = performance.now() + recoveryLimitMs;
  while (!watch.isWell()) {
    if (performance.now() > givesUpAt) return false;
    await sleep(50);
  }
  return true;
}

const reportSchema = z.object({ report: z.object({ worker_address: z.string() }) });

async function workerAddress(url: string): Promise<string> {
  const from = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 60_000);
  const query = new URLSearchParams({
    from: from.toISOString(),
    to: new Date(from.getTime() + 1_000).toISOString(),
  });
  const { body } = await request(`${url}/reports?${query.toString()}`);
  return reportSchema.parse(await body.json()).report.worker_address;
}
