import { startGatewayDouble, startOrchestratorDouble } from '#livepeer/testing';
import { deployLocalToken, developmentKeys, startAnvil } from '#payments/testing';
import { delay, startEmbeddedPostgres } from '#platform';
import { computeAddress } from 'ethers';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import {
  distributorEnvironment,
  localChainId,
  type Surroundings,
  workerEnvironment,
} from './app-environments.js';
import { ChildProgram, type LoggedFact } from './child-program.js';
import { startEngine } from './engine.js';
import type { LocalOptions } from './options.js';
import { choosePorts } from './ports.js';
import { RunLock } from './run-lock.js';
import { openState } from './settings.js';
import { removeStackFile, type StackFacts, writeStackFile } from './stack-file.js';

export interface StackListener {
  /** A part became ready after `ms` milliseconds. */
  onPart: (name: string, note: string, ms: number) => void;
  onFact: (fact: LoggedFact) => void;
  /** The worker or the distributor had to be started anew. */
  onRestart: (name: string) => void;
}

export class StartFailedError extends Error {
  override readonly name = 'StartFailedError';
}

/** Somebody stopped the stack while it was starting. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

const readyLimitMs = 60_000;

/** The account that is paid: on this chain it belongs to nobody who does anything else. */
const payoutAddress = '0x00000000000000000000000000000000cafe0001';

async function untilReady(
  name: string,
  url: string,
  program: ChildProgram,
  signal: AbortSignal,
): Promise<void> {
  let last = 'no answer';
  for (const deadline = Date.now() + readyLimitMs; Date.now() < deadline && !signal.aborted;) {
    try {
      const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(3_000) });
      if (response.ok) return;
      last = await response.text();
    } catch {
      // It does not listen yet.
    }
    if (program.hasDied())
      throw new StartFailedError(`The ${name} ended at its start:\n${program.lastWords()}`);
    await delay(100, signal);
  }
  if (signal.aborted) throw new StoppedError();
  throw new StartFailedError(
    `The ${name} is not ready after ${readyLimitMs / 1000} s: ${last}\n${program.lastWords()}`,
  );
}

/** Everything that `npm start` runs, started in the order of its needs and stopped in the reverse one. */
export class Stack {
  private readonly stops: { name: string; stop: () => Promise<void> }[] = [];
  private readonly stopping = new AbortController();
  private readonly pids = { worker: 0, distributor: 0 };
  private facts: StackFacts | undefined;
  private starting: Promise<StackFacts & { engineNote: string }> | undefined;
  private ended: Promise<void> | undefined;

  constructor(
    private readonly options: LocalOptions,
    private readonly listener: StackListener,
  ) {}

  /** @throws UsageError, PortInUseError, StartFailedError, StoppedError; what had been started is stopped by `stop` */
  start(): Promise<StackFacts & { engineNote: string }> {
    this.starting ??= this.startAll();
    return this.starting;
  }

  private async startAll(): Promise<StackFacts & { engineNote: string }> {
    const { options } = this;
    const settings = await openState(options);
    await mkdir(join(options.stateDir, 'logs'), { recursive: true });
    const lock = new RunLock(options.stateDir);
    await lock.take();
    this.onStop('lock', () => lock.release());
    const ports = await choosePorts(options.ports);

    const [postgres, chain, engine, network] = await this.together([
      this.startPostgres(),
      this.startChain(ports.rpc),
      this.startEngine(),
      this.startNetwork(ports, settings.orchestratorSecret),
    ]);
    if (this.stopping.signal.aborted) throw new StoppedError();
    const around: Surroundings = {
      settings,
      stateDir: options.stateDir,
      services: options.services,
      dockerHost: engine.dockerHost,
      databaseUrl: postgres.url,
      payoutAddress,
      workerUrl: `http://127.0.0.1:${ports.worker}`,
      ports,
      ...chain,
      ...network,
    };
    const distributorUrl = `http://127.0.0.1:${ports.distributor}`;
    await this.together([
      this.startApp('worker', workerEnvironment(around), around.workerUrl, lock),
      this.startApp('distributor', distributorEnvironment(around), distributorUrl, lock),
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
    await writeStackFile(options.stateDir, this.facts);
    this.onStop('stack file', () => removeStackFile(options.stateDir));
    return { ...this.facts, engineNote: engine.note };
  }

  /** Stops what runs, newest first; a part that fails to stop does not keep the others running. */
  stop(): Promise<void> {
    this.ended ??= this.stopAll();
    return this.ended;
  }

  private async stopAll(): Promise<void> {
    this.stopping.abort();
    // What is being started must be known before it can be stopped; each start has a limit of its own.
    await this.starting?.catch(() => undefined);
    for (const { name, stop } of this.stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        process.stderr.write(
          `${name} did not stop: ${error instanceof Error ? error.message : String(error)}\n`,
        );
      }
    }
  }

  private onStop(name: string, stop: () => Promise<void>): void {
    this.stops.push({ name, stop });
  }

  /** Waits for all even when one fails, so that whatever was started is known to `stop`. */
  private async together<T extends readonly Promise<unknown>[]>(
    parts: readonly [...T],
  ): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
    await Promise.allSettled(parts);
    return Promise.all(parts);
  }

  private async timed<T>(name: string, note: (part: T) => string, start: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const part = await start();
    this.listener.onPart(name, note(part), Math.round(performance.now() - startedAt));
    return part;
  }

  private logTo(name: string): (line: string) => void {
    const file = createWriteStream(join(this.options.stateDir, 'logs', `${name}.log`), { flags: 'a' });
    this.onStop(`${name} log`, async () => {
      await new Promise<void>((done) => {
        file.end(done);
      });
    });
    return (line) => file.write(`${line}\n`);
  }

  private startPostgres() {
    const log = this.logTo('postgres');
    return this.timed(
      'PostgreSQL',
      () => 'PostgreSQL 18, embedded',
      async () => {
        const postgres = await startEmbeddedPostgres({
          dataDir: join(this.options.stateDir, 'postgres'),
          log,
        });
        this.onStop('PostgreSQL', () => postgres.stop());
        return postgres;
      },
    );
  }

  private startChain(port: number) {
    const log = this.logTo('chain');
    return this.timed(
      'Chain',
      ({ rpcUrl }) => `anvil at ${rpcUrl}, with a test USDC; two blocks are final`,
      async () => {
        const statePath = join(this.options.stateDir, 'chain', 'state.json');
        const anvil = await startAnvil({ port, statePath, blockTimeSeconds: 2, chainId: localChainId, log });
        this.onStop('Chain', () => anvil.stop());
        const payerAddress = computeAddress(developmentKeys.payer);
        const { tokenAddress } = await deployLocalToken({ rpcUrl: anvil.rpcUrl, payerAddress });
        return { rpcUrl: anvil.rpcUrl, tokenAddress };
      },
    );
  }

  private startEngine() {
    const { stateDir, dockerHost, services } = this.options;
    return this.timed(
      'Services',
      ({ note }) => note,
      async () => {
        const engine = await startEngine(stateDir, dockerHost, services);
        this.onStop('Services', () => engine.stop());
        return engine;
      },
    );
  }

  private startNetwork(ports: LocalOptions['ports'], secret: string) {
    return this.timed(
      'Livepeer',
      ({ gatewayUrl, orchestratorUrl }) =>
        `gateway ${gatewayUrl}, orchestrator ${orchestratorUrl} (test doubles)`,
      async () => {
        const orchestrator = await startOrchestratorDouble({ secret, port: ports.orchestrator });
        this.onStop('orchestrator', () => orchestrator.stop());
        const gateway = await startGatewayDouble({ orchestrators: [orchestrator.url], port: ports.gateway });
        this.onStop('gateway', () => gateway.stop());
        return { gatewayUrl: gateway.url, orchestratorUrl: orchestrator.url };
      },
    );
  }

  private startApp(
    name: 'worker' | 'distributor',
    environment: Record<string, string>,
    url: string,
    lock: RunLock,
  ): Promise<void> {
    return this.timed(
      name === 'worker' ? 'Worker' : 'Distributor',
      () => url,
      async () => {
        const program = new ChildProgram({
          name,
          environment,
          logFile: join(this.options.stateDir, 'logs', `${name}.log`),
          onFact: this.listener.onFact,
          onStart: (pid) => {
            void this.noteProcess(name, pid, lock);
          },
        });
        this.onStop(name, () => program.stop());
        program.start();
        await untilReady(name, url, program, this.stopping.signal);
      },
    );
  }

  private async noteProcess(name: 'worker' | 'distributor', pid: number, lock: RunLock): Promise<void> {
    const isRestart = this.pids[name] !== 0;
    this.pids[name] = pid;
    await lock.addChild(name, pid);
    if (!isRestart) return;
    this.listener.onRestart(name);
    if (!this.facts) return;
    this.facts = { ...this.facts, pids: { ...this.pids } };
    await writeStackFile(this.options.stateDir, this.facts);
  }
}
