import { createServer } from 'node:http';

import { accountSender, offchainSender } from './gateway-sender.js';
import { searchLimits } from './gateway-search.js';
import type { SearchLimits } from './gateway-search.js';
import { requestPrefix, submitJob } from './gateway-submit.js';
import { goAnswer, goError } from './go-http-answer.js';
import { GoHttpClient } from './go-http-client.js';
import { closeNow, goListener, goServerOptions, listenOn } from './go-http-server.js';
import type { Profile } from './profile.js';

export interface GatewayDoubleOptions {
  /** `-orchAddr`, one entry each, spelled as a person may: `h`, `h:9995`, `https://h:9995`. None: jobs end in a panic. */
  orchestrators: readonly string[];
  profile?: Profile;
  port?: number;
  host?: string;
  /** False: `-httpIngest` was forgotten, and there is no job route. */
  httpIngest?: boolean;
  /**
   * `-network offchain`: `unsigned` as it is, with no token to be had; `no-ticket-params` as if signatures passed, where
   * the connection is dropped after the worker has run.
   */
  offchain?: 'unsigned' | 'no-ticket-params';
  /** The gateway's account; a random one unless given. */
  privateKey?: string;
  /** How long a second of a job's `timeout_seconds` lasts; 1000 unless a test is in a hurry. */
  secondMs?: number;
  /** The search's limits, for tests of something else on a busy machine. */
  limits?: SearchLimits;
}

export interface GatewayDouble {
  /** `http://host:port` */
  url: string;
  port: number;
  /** The addresses that `include` and `exclude` are compared with. */
  pool: readonly string[];
  stop(): Promise<void>;
}

/** A go-livepeer gateway as its clients and orchestrators see it; price 0 only. */
export async function startGatewayDouble(options: GatewayDoubleOptions): Promise<GatewayDouble> {
  const { host = '127.0.0.1', httpIngest = true } = options;
  const client = new GoHttpClient();
  const pool = options.orchestrators.map(poolUrl);
  const submit = {
    pool,
    profile: options.profile ?? 'pr-3650',
    sender: options.offchain === 'unsigned' ? offchainSender() : accountSender(options.privateKey),
    client,
    secondMs: options.secondMs ?? 1_000,
    limits: options.limits ?? searchLimits,
    lacksTicketParams: options.offchain === 'no-ticket-params',
  };

  const server = createServer(
    goServerOptions,
    goListener(httpIngest ? [requestPrefix] : [], async (exchange) => {
      if (httpIngest && exchange.path.startsWith(requestPrefix)) await submitJob(exchange, submit);
      else if (exchange.path === '/healthz') goAnswer(exchange.response, 200, {});
      else goError(exchange.response, 404, '404 page not found');
    }),
  );
  const port = await listenOn(server, options.port ?? 0, host);
  return {
    url: `http://${host}:${String(port)}`,
    port,
    pool,
    stop: async () => {
      await closeNow(server);
      client.close();
    },
  };
}

/** How the gateway spells an entry of `-orchAddr`; nothing is trimmed but spaces. */
function poolUrl(entry: string): string {
  const trimmed = entry.trim();
  const withPort = trimmed.includes(':') ? trimmed : `${trimmed}:8935`;
  return withPort.startsWith('http') ? withPort : `https://${withPort}`;
}
