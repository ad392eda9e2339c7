import { Client } from 'undici';
import { type AddressGuard, ForbiddenAddressError } from './address-guard.js';

/** One worker, as its record names it. */
interface Origin {
  origin: string;
  /** In front of the routes: `` or `/path`. */
  prefix: string;
  /** Why it is not asked. */
  refusal: ForbiddenAddressError | undefined;
  connections: { client: Client; underWay: number }[];
}

export interface WorkerConnectionsOptions {
  /** For connecting and between two pieces of an answer. */
  timeoutMs: number;
  guard: AddressGuard;
  /** Workers whose connections are kept; about fifteen kilobytes each. */
  mostOrigins?: number;
}

/** Several records may name one address (a proxy in front of many workers), whose questions must not wait in one line. */
const MOST_CONNECTIONS_PER_ORIGIN = 64;
/** Longer than the usual period, shorter than a worker keeps its side. */
const KEEP_ALIVE_MS = 70_000;

/**
 * Kept-alive connections, normally one for each worker. Clients of undici by themselves: its Agent takes three times the
 * memory and twice the time for ten thousand origins.
 */
export class WorkerConnections {
  private readonly timeoutMs: number;
  private readonly guard: AddressGuard;
  private readonly mostOrigins: number;
  /** By worker URL, the one that was used longest ago first. */
  private readonly origins = new Map<string, Origin>();
  private isClosed = false;

  constructor({ timeoutMs, guard, mostOrigins = 20_000 }: WorkerConnectionsOptions) {
    this.timeoutMs = timeoutMs;
    this.guard = guard;
    this.mostOrigins = mostOrigins;
  }

  /**
   * Lends the connection that has least to do. Undefined for what is not the URL of a worker: a record could name `file:`.
   */
  async lend<T>(
    workerUrl: string,
    work: (client: Client, place: Pick<Origin, 'origin' | 'prefix' | 'refusal'>) => Promise<T>,
  ): Promise<T | undefined> {
    const place = this.originOf(workerUrl);
    if (!place) return undefined;
    const connection = this.leastBusy(place);
    connection.underWay += 1;
    try {
      return await work(connection.client, place);
    } finally {
      connection.underWay -= 1;
      this.forgetOldest();
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const all = [...this.origins.values()].flatMap(({ connections }) => connections);
    this.origins.clear();
    await Promise.all(all.map(({ client }) => client.destroy()));
  }

  private originOf(workerUrl: string): Origin | undefined {
    const known = this.origins.get(workerUrl);
    if (known) {
      this.origins.delete(workerUrl);
      this.origins.set(workerUrl, known);
      return known;
    }
    const url = URL.canParse(workerUrl) ? new URL(workerUrl) : undefined;
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return undefined;
    const made = {
      origin: url.origin,
      prefix: url.pathname.replace(/\/+$/, ''),
      refusal: this.guard.refusalOf(url.hostname),
      connections: [],
    };
    this.origins.set(workerUrl, made);
    return made;
  }

  private leastBusy({ origin, connections }: Origin): Origin['connections'][number] {
    const [first, ...others] = connections;
    const least = others.reduce((a, b) => (b.underWay < (a?.underWay ?? 0) ? b : a), first);
    if (least && (least.underWay === 0 || connections.length >= MOST_CONNECTIONS_PER_ORIGIN)) return least;
    if (this.isClosed) throw new Error('the connections are closed');
    const { timeoutMs } = this;
    const made = {
      client: new Client(origin, {
        connect: { timeout: timeoutMs, lookup: this.guard.lookup },
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        keepAliveTimeout: KEEP_ALIVE_MS,
        keepAliveMaxTimeout: KEEP_ALIVE_MS,
      }),
      underWay: 0,
    };
    connections.push(made);
    return made;
  }

  private forgetOldest(): void {
    if (this.origins.size <= this.mostOrigins) return;
    for (const [workerUrl, { connections }] of this.origins) {
      if (this.origins.size <= this.mostOrigins) return;
      if (connections.some(({ underWay }) => underWay > 0)) continue;
      this.origins.delete(workerUrl);
      for (const { client } of connections) void client.destroy();
    }
  }
}
