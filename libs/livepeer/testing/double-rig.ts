import { accountSender } from './gateway-sender.js';
import { startGatewayDouble } from './gateway-double.js';
import type { GatewayDouble, GatewayDoubleOptions } from './gateway-double.js';
import { startOrchestratorDouble } from './orchestrator-double.js';
import type { OrchestratorDouble, OrchestratorDoubleOptions } from './orchestrator-double.js';
import { plainHttp } from './plain-http.js';
import type { PlainAnswer } from './plain-http.js';
import type { Profile } from './profile.js';
import { startWorkerStub } from './worker-stub.js';
import type { WorkerAnswer, WorkerStub } from './worker-stub.js';

export const secret = 'orch-secret';

/** What a client must put in the header at the least, both profiles. */
export const goodJob = {
  id: 'job-0001',
  request: '{}',
  parameters: '{}',
  capability: 'agent-net',
  timeout_seconds: 30,
};

export function toHeader(job: unknown): string {
  return Buffer.from(typeof job === 'string' ? job : JSON.stringify(job), 'utf8').toString('base64');
}

export interface LoopOptions {
  profile: Profile;
  answer?: WorkerAnswer | undefined;
  secondMs?: number;
  offer?: Record<string, unknown>;
}

export interface Loop {
  gateway: GatewayDouble;
  orchestrator: OrchestratorDouble;
  worker: WorkerStub;
}

/** Parts of a network for one test, all stopped by `stop` in the order of their making. */
export class DoubleRig {
  private readonly stops: (() => Promise<void>)[] = [];

  async worker(answer?: WorkerAnswer): Promise<WorkerStub> {
    return this.kept(await startWorkerStub(answer));
  }

  async orchestrator(options: Partial<OrchestratorDoubleOptions> = {}): Promise<OrchestratorDouble> {
    return this.kept(await startOrchestratorDouble({ secret, ...options }));
  }

  async gateway(options: GatewayDoubleOptions): Promise<GatewayDouble> {
    // On a machine that runs many tests at once half a second is not much.
    const limits = { searchMs: 20_000, tokenHeadersMs: 10_000 };
    return this.kept(await startGatewayDouble({ limits, ...options }));
  }

  /** One worker, registered with one orchestrator behind one gateway. */
  async loop({ profile, answer, secondMs = 1_000, offer = {} }: LoopOptions): Promise<Loop> {
    const worker = await this.worker(answer);
    const orchestrator = await this.orchestrator({ profile, secondMs });
    const gateway = await this.gateway({ orchestrators: [orchestrator.url], profile, secondMs });
    await register(orchestrator, { url: worker.url, ...offer });
    return { gateway, orchestrator, worker };
  }

  kept<T extends { stop(): Promise<void> }>(part: T): T {
    this.stops.push(() => part.stop());
    return part;
  }

  async stop(): Promise<void> {
    for (const stop of this.stops.splice(0).reverse()) await stop();
  }
}

export async function register(
  orchestrator: OrchestratorDouble,
  offer: Record<string, unknown> | string,
  authorization = secret,
): Promise<PlainAnswer | 'dropped'> {
  const standard = { name: 'agent-net', capacity: 10, price_per_unit: 0, price_scaling: 1, currency: 'wei' };
  return plainHttp(`${orchestrator.url}/capability/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: authorization },
    body: typeof offer === 'string' ? offer : JSON.stringify({ ...standard, ...offer }),
  });
}

/** A client's job through a gateway. */
export async function submit(
  gateway: GatewayDouble,
  job: unknown = goodJob,
  { path = 'agent-net', body = '{"x":1}', headers = {}, method = 'POST', signal }: SubmitOptions = {},
): Promise<PlainAnswer> {
  const answer = await plainHttp(`${gateway.url}/process/request/${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', Livepeer: toHeader(job), ...headers },
    body,
    ...(signal ? { signal } : {}),
  });
  if (answer === 'dropped') throw new Error('the gateway dropped the connection');
  return answer;
}

interface SubmitOptions {
  path?: string;
  body?: string;
  headers?: Record<string, string>;
  method?: string;
  signal?: AbortSignal;
}

const sender = accountSender();

/** A job straight to an orchestrator, signed as a gateway signs it. */
export async function processDirectly(
  orchestrator: OrchestratorDouble,
  job: Record<string, unknown> = goodJob,
  path = 'agent-net',
): Promise<PlainAnswer | 'dropped'> {
  const text = (key: string): string => (typeof job[key] === 'string' ? job[key] : '');
  const signed = {
    sender: sender.address,
    sig: sender.signJob(text('request'), text('parameters')),
    ...job,
  };
  return plainHttp(`${orchestrator.url}/process/request/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Livepeer: toHeader(signed) },
    body: '{"x":1}',
  });
}

export async function fetchToken(
  orchestrator: OrchestratorDouble,
  headers: Record<string, string> = {
    'Livepeer-Eth-Address': sender.tokenHeader,
    'Livepeer-Capability': 'agent-net',
  },
  method = 'GET',
): Promise<PlainAnswer> {
  const answer = await plainHttp(`${orchestrator.url}/process/token`, { method, headers });
  if (answer === 'dropped') throw new Error('the orchestrator dropped the connection');
  return answer;
}

export const senderAddressHeader = sender.tokenHeader;

/** The registry's count of running jobs. */
export function loadOf(orchestrator: OrchestratorDouble, name = 'agent-net'): number | undefined {
  return orchestrator.capabilities().find((capability) => capability.name === name)?.load;
}

/** Waits for something that happens on another connection; fails after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const givesUpAt = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > givesUpAt) throw new Error(`still not so: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
