import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from 'selfsigned';

import { CapabilityRegistry, CurrencyPanic } from './capability-registry.js';
import type { RegisteredCapability } from './capability-registry.js';
import { goAnswer, goError, goPanic } from './go-http-answer.js';
import { GoHttpClient, readAll } from './go-http-client.js';
import { closeNow, goListener, goServerOptions, listenOn } from './go-http-server.js';
import type { GoExchange } from './go-http-server.js';
import { GoJsonError } from './go-json.js';
import { processJob, processPrefix } from './orchestrator-process.js';
import { answerToken } from './orchestrator-token.js';
import type { Profile } from './profile.js';

export interface OrchestratorDoubleOptions {
  /** `-orchSecret`. Empty: a registration without `Authorization` is accepted. */
  secret: string;
  profile?: Profile;
  /** 0: any free port, which stays the same over `restart`. */
  port?: number;
  host?: string;
  /** What tokens name as the address for jobs, `-serviceAddr`; its own URL unless given. */
  serviceAddress?: string;
  /** How long a second of a job's `timeout_seconds` lasts; 1000 unless a test is in a hurry. */
  secondMs?: number;
  /** Hears how long the worker took, from the call to the end of its answer, loopback included. */
  onWorkerAnswer?: (tookMs: number) => void;
}

/** What goes wrong from now on, until changed back. */
export interface OrchestratorFaults {
  /** Before a token is answered. A gateway waits 500 ms for its headers. */
  tokenDelayMs: number;
  /** The token's headers come, its body does not. */
  stallsTokenBody: boolean;
  /** Jobs are taken and never answered. */
  hangsJobs: boolean;
  /** The worker has answered; the headers of the answer come, its body does not. */
  stallsJobBody: boolean;
  /** A handler that panics: its connection ends without an answer, the process lives on. */
  panicsOn: 'nothing' | 'token' | 'job' | 'registration';
}

export interface OrchestratorDouble {
  /** `https://host:port`; the certificate is self-signed and new on each start. */
  url: string;
  port: number;
  faults: OrchestratorFaults;
  capabilities(): RegisteredCapability[];
  /** Jobs that are really under way, whatever the registry counts. */
  runningJobs(): number;
  /** Takes slots that nothing gives back, as timeouts do. */
  leakSlots(name: string, count: number): void;
  /** As after a failed connection to the worker. */
  dropCapability(name: string): void;
  /** Forgets every capability, cuts every connection, comes back on the same port with a new certificate. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A go-livepeer orchestrator as its registry, gateways and workers see it; price 0 only. */
export async function startOrchestratorDouble(
  options: OrchestratorDoubleOptions,
): Promise<OrchestratorDouble> {
  const { profile = 'pr-3650', host = '127.0.0.1', secondMs = 1_000 } = options;
  const registry = new CapabilityRegistry(profile);
  const client = new GoHttpClient();
  const faults: OrchestratorFaults = {
    tokenDelayMs: 0,
    stallsTokenBody: false,
    hangsJobs: false,
    stallsJobBody: false,
    panicsOn: 'nothing',
  };
  let url = '';
  let running = 0;
  const serviceAddress = (): string => options.serviceAddress ?? url;

  const process = async (exchange: GoExchange): Promise<void> => {
    running += 1;
    try {
      await processJob(exchange, {
        registry,
        profile,
        client,
        secondMs,
        stallsBody: () => faults.stallsJobBody,
        onWorkerAnswer: options.onWorkerAnswer ?? (() => undefined),
      });
    } finally {
      running -= 1;
    }
  };

  const routes = async (exchange: GoExchange): Promise<void> => {
    const { path, request, response } = exchange;
    if (faults.panicsOn === workOf(path)) goPanic(request);
    else if (path === '/capability/register') await register(exchange, options.secret, registry);
    else if (path === '/capability/unregister') await unregister(exchange, options.secret, registry);
    else if (path === '/process/token') {
      if (faults.tokenDelayMs > 0) await sleep(faults.tokenDelayMs, undefined, { ref: false });
      if (faults.stallsTokenBody) response.writeHead(200, { 'Content-Length': 1_000 }).flushHeaders();
      else answerToken(exchange, { registry, profile, serviceAddress });
    } else if (path.startsWith(processPrefix)) {
      if (faults.hangsJobs) request.resume();
      else await process(exchange);
    } else goError(response, 404, '404 page not found');
  };

  const open = async (port: number): Promise<{ server: Server; port: number }> => {
    const server = createServer(
      { ...goServerOptions, ...(await selfSignedCertificate(host)) },
      goListener([processPrefix], routes),
    );
    // Whoever does not like the certificate hangs up during the handshake.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return { server, port: await listenOn(server, port, host) };
  };

  let opened = await open(options.port ?? 0);
  url = `https://${host}:${String(opened.port)}`;
  return {
    url,
    port: opened.port,
    faults,
    capabilities: () => registry.list(),
    runningJobs: () => running,
    leakSlots: (name, count) => {
      for (let slot = 0; slot < count; slot += 1) registry.reserve(name);
    },
    dropCapability: (name) => {
      registry.remove(name);
    },
    restart: async () => {
      await closeNow(opened.server);
      registry.clear();
      opened = await open(opened.port);
    },
    stop: async () => {
      await closeNow(opened.server);
      client.close();
    },
  };
}

function workOf(path: string): OrchestratorFaults['panicsOn'] | undefined {
  if (path === '/capability/register') return 'registration';
  if (path === '/process/token') return 'token';
  return path.startsWith(processPrefix) ? 'job' : undefined;
}

async function register(exchange: GoExchange, secret: string, registry: CapabilityRegistry): Promise<void> {
  if (!isAdmitted(exchange, secret)) return;
  const { request, response } = exchange;
  const body = (await readAll(request)).toString('utf8');
  try {
    registry.register(body);
  } catch (error) {
    if (error instanceof CurrencyPanic) {
      goPanic(request);
      return;
    }
    if (!(error instanceof GoJsonError)) throw error;
    const text = `Error registering capability: ${error.message}`;
    goAnswer(response, 400, { 'Content-Type': 'application/json' }, text);
    return;
  }
  goAnswer(response, 200, { 'Content-Type': 'application/json' }, 'ok');
}

async function unregister(exchange: GoExchange, secret: string, registry: CapabilityRegistry): Promise<void> {
  if (!isAdmitted(exchange, secret)) return;
  registry.remove((await readAll(exchange.request)).toString('utf8'));
  goAnswer(exchange.response, 200, { 'Content-Type': 'application/json' }, 'ok');
}

function isAdmitted({ request, response }: GoExchange, secret: string): boolean {
  if (request.method !== 'POST') {
    goError(response, 405, 'Method not allowed');
    return false;
  }
  if ((request.headers.authorization ?? '') === secret) return true;
  goError(response, 400, 'invalid authorization');
  return false;
}

async function selfSignedCertificate(host: string): Promise<{ key: string; cert: string }> {
  const pems = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }],
  });
  return { key: pems.private, cert: pems.cert };
}
