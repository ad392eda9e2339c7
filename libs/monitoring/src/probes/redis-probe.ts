import { randomUUID } from 'node:crypto';

import { messageOf } from './failure-detail.js';
import { type Probe, type ProbedRun, ProbeFailedError } from './probe.js';
import { assertStartedWith } from './started-with-container.js';

export interface RedisSettings {
  type: 'redis';
  host: string;
  port: number;
  user?: string | undefined;
  password?: string | undefined;
  database: number;
  tls: boolean;
}

/** The only keys that are written, so that an access list can allow them and nothing else. */
export const keyPrefix = 'uptime-probe:';

const keyLivesSeconds = 30;

interface RedisAnswers {
  ping(): Promise<unknown>;
  set(key: string, value: string, options: { expiration: { type: 'EX'; value: number } }): Promise<unknown>;
  get(key: string): Promise<unknown>;
  info(section: string): Promise<unknown>;
}

const field = (info: string, name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

/** The server keeps what it is given, and has been running no longer than its container. */
export class RedisProbe implements Probe {
  private readonly key = `${keyPrefix}${randomUUID()}`;
  /** The process that answered last, and for which run of the container. */
  private answered: { runId: string; startedAtMs: number | null } | undefined;

  constructor(private readonly settings: RedisSettings) {}

  async check(signal: AbortSignal, run: ProbedRun): Promise<void> {
    const { createClient } = await import('@redis/client');
    const { host, port, user, password, database, tls } = this.settings;
    signal.throwIfAborted();
    const client = createClient({
      socket: { host, port, reconnectStrategy: false, ...(tls && { tls: true as const }) },
      database,
      RESP: 2,
      disableClientInfo: true,
      ...(user !== undefined && { username: user }),
      ...(password !== undefined && { password }),
    });
    // Errors also reject what is asked.
    client.on('error', () => undefined);
    const abandon = () => {
      if (client.isOpen) client.destroy();
    };
    signal.addEventListener('abort', abandon, { once: true });
    try {
      await client.connect();
      await this.ask(client, run);
    } finally {
      signal.removeEventListener('abort', abandon);
      abandon();
    }
  }

  private async ask(client: RedisAnswers, run: ProbedRun) {
    if ((await client.ping()) !== 'PONG') throw new ProbeFailedError('PING not answered');
    const nonce = randomUUID();
    await client.set(this.key, nonce, { expiration: { type: 'EX', value: keyLivesSeconds } });
    if ((await client.get(this.key)) !== nonce) throw new ProbeFailedError('nonce not returned');
    const info = await infoIfAllowed(client);
    if (info !== null) this.compare(info, run);
  }

  /** @throws ProbeFailedError when another process answers than the one in the container */
  private compare(info: string, run: ProbedRun) {
    const runId = field(info, 'run_id');
    const uptimeSeconds = Number(field(info, 'uptime_in_seconds') ?? NaN);
    if (runId === undefined || !Number.isFinite(uptimeSeconds)) {
      throw new ProbeFailedError('INFO not understood');
    }
    assertStartedWith(run, Date.now() - uptimeSeconds * 1_000);
    const { startedAtMs } = run;
    if (this.answered?.runId === runId && this.answered.startedAtMs !== startedAtMs) {
      throw new ProbeFailedError('did not restart with its container');
    }
    this.answered = { runId, startedAtMs };
  }
}

/** An access list may forbid INFO; then nothing is compared. */
async function infoIfAllowed(client: RedisAnswers): Promise<string | null> {
  try {
    return String(await client.info('server'));
  } catch (error) {
    if (messageOf(error).startsWith('NOPERM')) return null;
    throw error;
  }
}
