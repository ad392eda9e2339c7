import { Agent, type ClientRequest, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';

import type { AddressGuard } from './address-guard.js';

/** Longer than the usual period, shorter than a worker keeps its side. */
const KEEP_ALIVE_MS = 70_000;

/** Several records may name one address (a proxy in front of many workers), whose questions must not wait in one line. */
const MOST_PER_ADDRESS = 64;

const agentOptions = {
  keepAlive: true,
  maxSockets: MOST_PER_ADDRESS,
  maxFreeSockets: MOST_PER_ADDRESS,
  // An idle connection is closed after this long: as many are kept as workers are asked meanwhile.
  timeout: KEEP_ALIVE_MS,
};

/**
 * Kept-alive connections, normally one for each worker. Node's own: an idle one takes three kilobytes of heap, a client of
 * undici for each worker six, its Agent more than that.
 */
export class WorkerConnections {
  private readonly agent = new Agent(agentOptions);
  private readonly tlsAgent = new TlsAgent(agentOptions);

  constructor(private readonly guard: AddressGuard) {}

  /**
   * A GET that is not sent yet. Undefined for what is not the URL of a worker: a record could name `file:`.
   * @throws ForbiddenAddressError
   */
  get(workerUrl: URL, path: string): ClientRequest | undefined {
    const { protocol, hostname } = workerUrl;
    if (protocol !== 'http:' && protocol !== 'https:') return undefined;
    const refusal = this.guard.refusalOf(hostname);
    if (refusal) throw refusal;
    const { lookup } = this.guard;
    // An agent keeps these with each connection: no more than it needs.
    const { hostname: host, port, auth } = urlToHttpOptions(workerUrl);
    const options = {
      host,
      port,
      path,
      lookup,
      headers: { accept: 'application/json' },
      ...(auth && { auth }),
    };
    return protocol === 'http:'
      ? request({ ...options, agent: this.agent })
      : tlsRequest({ ...options, agent: this.tlsAgent });
  }

  close(): void {
    this.agent.destroy();
    this.tlsAgent.destroy();
  }
}
