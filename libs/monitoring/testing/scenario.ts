import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Logger } from '@nestjs/common';

import { Monitor, type MonitorOptions } from '../src/monitor.js';
import type { ServiceUptimeMs } from '../src/answers/window.js';
import { SimulatedClock } from './simulated-clock.js';
import { SimulatedEngine, type SimulatedEngineOptions } from './simulated-engine.js';

/** Real milliseconds within which whatever was set off must have come to rest. */
const limitMs = 40_000;

/** Real milliseconds after which a first look that has not succeeded is taken for failed. */
const patienceMs = 3_000;

/** A minute begins here. */
const usualStartMs = Date.UTC(2026, 10, 22, 12);

export type ScenarioOptions = Partial<SimulatedEngineOptions> & {
  /** What the monitor watches; absent: every simulated service. */
  watched?: string[];
  monitor?: Partial<MonitorOptions>;
  /** Unix milliseconds. */
  startMs?: number;
};

/** A worker's monitor and a simulated Engine on one simulated clock, with the monitor's real intervals and limits. */
export class Scenario {
  private readonly monitors = new Set<Monitor>();
  private current: Monitor | undefined;

  private constructor(
    readonly clock: SimulatedClock,
    readonly engine: SimulatedEngine,
    readonly dataDir: string,
    private readonly watched: string[],
    private readonly monitorOptions: Partial<MonitorOptions>,
  ) {}

  /** Begins with every service up, and all before now recorded. */
  static async begin(options: ScenarioOptions = {}): Promise<Scenario> {
    Logger.overrideLogger(false);
    const clock = new SimulatedClock(options.startMs ?? usualStartMs);
    const services = options.services ?? [{ name: 'redis_scb' }, { name: 'autogen_agent' }];
    const engine = await SimulatedEngine.start({ ...options, services, wallMs: () => clock.wallMs });
    const dataDir = await mkdtemp(join(tmpdir(), 'scenario-'));
    const watched = options.watched ?? services.map(({ name }) => name);
    const scenario = new Scenario(clock, engine, dataDir, watched, options.monitor ?? {});
    clock.jump(1_000);
    await scenario.startWorker();
    return scenario;
  }

  get monitor(): Monitor {
    if (!this.current) throw new Error('No worker is running');
    return this.current;
  }

  get nowMs(): number {
    return this.clock.wallMs;
  }

  async startWorker(): Promise<Monitor> {
    const { clock, dataDir } = this;
    const monitor = new Monitor({
      services: this.watched,
      dockerHost: this.engine.dockerHost,
      dataDir,
      clock,
      requestTimeoutMs: 2_000,
      ...this.monitorOptions,
    });
    await monitor.start();
    this.monitors.add(monitor);
    this.current = monitor;
    await this.untilWatched(monitor);
    await this.pass(10_500);
    return monitor;
  }

  /** A machine that is too slow for the limit of the first inspections asks again in the next round, by simulated time. */
  private async untilWatched(monitor: Monitor): Promise<void> {
    const startMs = Date.now();
    while (!monitor.engine().watched) {
      const waitedMs = Date.now() - startMs;
      if (waitedMs > limitMs) throw new Error('The Engine is not watched in time');
      if (waitedMs > patienceMs) await this.pass(100);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async stopWorker(): Promise<void> {
    const monitor = this.current;
    if (!monitor) return;
    this.monitors.delete(monitor);
    this.current = undefined;
    await this.stop(monitor);
  }

  /** Time passes by so much as the last round waits, in steps small enough not to add to it. */
  private async stop(monitor: Monitor): Promise<void> {
    const ended = new AbortController();
    const stopping = monitor.stop().finally(() => {
      ended.abort();
    });
    for (const endMs = Date.now() + limitMs; !ended.signal.aborted;) {
      if (Date.now() > endMs) throw new Error('The monitor does not stop');
      await this.pass(10);
    }
    await stopping;
  }

  /** Time passes; whatever is due meanwhile happens, in its order. */
  async pass(ms: number): Promise<void> {
    await this.rest();
    for (let leftMs = ms; leftMs > 0;) {
      leftMs -= this.clock.advance(leftMs);
      await this.rest();
    }
  }

  /** Something happens, and the inspections that it calls for take so long: what events say meanwhile must stand. */
  async whileAnswersTake(ms: number, act: () => void): Promise<void> {
    const release = this.engine.hang(/\/containers\//);
    const { asked } = this.engine;
    act();
    await this.until(() => this.engine.asked > asked);
    this.clock.jump(ms);
    release();
    await this.rest();
  }

  /** Lets happen what has been set off: until nothing is asked or answered any more. */
  async rest(): Promise<void> {
    const { engine } = this;
    let asked = -1;
    for (let quiet = 0; quiet < 3;) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      quiet = engine.isIdle && engine.asked === asked ? quiet + 1 : 0;
      asked = engine.asked;
    }
  }

  /** Waits, in real time, for what does not go by the simulated clock: connections and limits of requests. */
  async until(condition: () => boolean): Promise<void> {
    const endMs = Date.now() + limitMs;
    while (!condition()) {
      if (Date.now() > endMs) throw new Error(`Not in time: ${condition.toString()}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** The account of a service over `[fromMs, toMs)`, for which the watermark is waited for. */
  async account(service: string, fromMs: number, toMs = this.nowMs): Promise<ServiceUptimeMs> {
    for (let tries = 0; this.monitor.watermarkMs() < toMs; tries++) {
      if (tries > 40) throw new Error(`The watermark stays ${toMs - this.monitor.watermarkMs()} ms behind`);
      await this.pass(1_000);
    }
    const found = this.monitor.window(fromMs, toMs).services.find(({ name }) => name === service);
    if (!found) throw new Error(`${service} is not in the window`);
    const { upMs, downMs, startingMs, unknownMs } = found;
    const sums = [upMs, downMs, startingMs, unknownMs];
    if (sums.some((ms) => ms < 0) || sums.reduce((sum, ms) => sum + ms) !== toMs - fromMs) {
      throw new Error(`The sums do not add up: ${sums.join()} in ${toMs - fromMs}`);
    }
    return found;
  }

  stateOf(service: string): { state: string; reason: string | null } {
    const found = this.monitor.statuses().find(({ name }) => name === service);
    return { state: found?.state ?? 'not watched', reason: found?.reason ?? null };
  }

  /** Every byte of the worker's data directory. */
  async kept(): Promise<string> {
    const names = await readdir(this.dataDir);
    const files = await Promise.all(names.map((name) => readFile(join(this.dataDir, name), 'latin1')));
    return files.join('');
  }

  async end(): Promise<void> {
    for (const monitor of this.monitors) await this.stop(monitor);
    await this.engine.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
