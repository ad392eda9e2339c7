import { developmentKeys } from '#payments/testing';
import { delay } from '#platform';
import { computeAddress } from 'ethers';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { distributorEnvironment, type Surroundings, workerEnvironment } from './app-environments.js';
import { ChildProgram, type LoggedFact } from './child-program.js';
import type { LocalOptions } from './options.js';
import { type PartListener, Parts } from './parts.js';
import { choosePorts } from './ports.js';
import { RunLock } from './run-lock.js';
import { openState } from './settings.js';
import { removeStackFile, type StackFacts, writeStackFile } from './stack-file.js';
import { startChain, startDatabase, startNetwork, startServices } from './surroundings.js';

export interface StackListener {
  /** A part became ready after `ms` milliseconds. */
  onPart: PartListener;
  onFact: (fact: LoggedFact) => void;
  /** The worker or the distributor had to be started anew. */
  onRestart: (name: string) => void;
}

export type RunningStack = StackFacts & { engineNote: string };

export class StartFailedError extends Error {
  override readonly name = 'StartFailedError';
}

/** Somebody stopped the stack while it was starting. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

type AppName = ChildProgram['name'];

const readyLimitMs = 60_000;

/** The account that is paid: on this chain it belongs to nobody who does anything else. */
const payoutAddress = '0x00000000000000000000000000000000cafe0001';

async function untilReady(url: string, program: ChildProgram, signal: AbortSignal): Promise<void> {
  const { name } = program;
  let last = 'no answer';
  for (const deadline = Date.now() + readyLimitMs; Date.now() < deadline && !signal.aborted;) {
    try {
      const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(3_000) });
      if (response.ok) return;
      last = await response.text();
    } catch {
      // It does not listen yet.
    }
    if (program.hasDied()) {
      throw new StartFailedError(`The ${name} ended at its start:\n${program.lastWords()}`);
    }
    await delay(100, signal);
  }
  if (signal.aborted) throw new StoppedError();
  throw new StartFailedError(
    `The ${name} is not ready after ${readyLimitMs / 1000} s: ${last}\n${program.lastWords()}`,
  );
}

/** Everything that `npm start` runs, started in the order of its needs and stopped in the reverse one. */
export class Stack {
  private readonly parts: Parts;
  private readonly lock: RunLock;
  private readonly stopping = new AbortController();
  private readonly pids = { worker: 0, distributor: 0 };
  private facts: StackFacts | undefined;
  private starting: Promise<RunningStack> | undefined;
  private ended: Promise<void> | undefined;

  constructor(
    private readonly options: LocalOptions,
    private readonly listener: StackListener,
  ) {
    this.parts = new Parts(listener.onPart);
    this.lock = new RunLock(options.stateDir);
  }

  /** @throws UsageError, PortInUseError, StartFailedError, StoppedError; what had been started is stopped by `stop` */
  start(): Promise<RunningStack> {
    this.starting ??= this.startAll();
    return this.starting;
  }

  stop(): Promise<void> {
    this.ended ??= this.stopAll();
    return this.ended;
  }

  private async startAll(): Promise<RunningStack> {
    const { options, parts, lock } = this;
    const { stateDir } = options;
    const settings = await openState(options, lock);
    parts.onStop('lock', () => lock.release());
    await mkdir(join(stateDir, 'logs'), { recursive: true });
    const ports = await choosePorts(options.ports);
    const [database, chain, engine, network] = await parts.together([
      startDatabase(parts, lock, stateDir),
      startChain(parts, lock, stateDir, ports.rpc),
      startServices(parts, options),
      startNetwork(parts, ports, settings.orchestratorSecret),
    ]);
    if (this.stopping.signal.aborted) throw new StoppedError();
    const around: Surroundings = {
      settings,
      stateDir,
      services: options.services,
      dockerHost: engine.dockerHost,
      payoutAddress,
      workerUrl: `http://127.0.0.1:${ports.worker}`,
      ports,
      ...database,
      ...chain,
      ...network,
    };
    const distributorUrl = `http://127.0.0.1:${ports.distributor}`;
    await parts.together([
      this.startApp('worker', workerEnvironment(around), around.workerUrl),
      this.startApp('distributor', distributorEnvironment(around), distributorUrl),
    ]);
    this.facts = {
      worker_url: around.workerUrl,
      distributor_url: distributorUrl,
      gateway_url: around.gatewayUrl,
      orchestrator_url: around.orchestratorUrl,
      rpc_url: around.rpcUrl,
      database_url: around.databaseUrl,
      admin_password: settings.adminPassword,
      docker: engine.kind,
      docker_host: engine.dockerHost,
      period_seconds: settings.periodSeconds,
      token_address: around.tokenAddress,
      payer_address: computeAddress(developmentKeys.payer),
      pids: { ...this.pids },
    };
    writeStackFile(stateDir, this.facts);
    parts.onStop('stack file', () => removeStackFile(stateDir));
    return { ...this.facts, engineNote: engine.note };
  }

  private async stopAll(): Promise<void> {
    this.stopping.abort();
    // What is being started must be known before it can be stopped; each start has a limit of its own.
    await this.starting?.catch(() => undefined);
    await this.parts.stopAll();
  }

  private startApp(name: AppName, environment: Record<string, string>, url: string): Promise<void> {
    const title = name === 'worker' ? 'Worker' : 'Distributor';
    return this.parts.start(
      title,
      () => url,
      async () => {
        const program = new ChildProgram({
          name,
          environment,
          logFile: join(this.options.stateDir, 'logs', `${name}.log`),
          onFact: this.listener.onFact,
          onStart: (pid) => {
            this.noteProcess(name, pid);
          },
        });
        this.parts.onStop(title, () => program.stop());
        program.start();
        await untilReady(url, program, this.stopping.signal);
      },
    );
  }

  private noteProcess(name: AppName, pid: number): void {
    const isRestart = this.pids[name] !== 0;
    this.pids[name] = pid;
    this.lock.addChild(name, pid);
    if (!isRestart) return;
    this.listener.onRestart(name);
    if (!this.facts) return;
    this.facts = { ...this.facts, pids: { ...this.pids } };
    writeStackFile(this.options.stateDir, this.facts);
  }
}
