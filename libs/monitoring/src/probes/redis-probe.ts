import { randomUUID } from 'node:crypto';

import { type Probe, type ProbedRun, ProbeFailedError } from './probe.js';
import { RedisConnection, RedisRefusedError } from './redis-connection.js';
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

const field = (info: string, name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

/** The server keeps what it is given, and has been running no longer than its container. */
export class RedisProbe implements Probe {
  private readonly key = `${keyPrefix}${randomUUID()}`;
  /** The process that answered last, and for which run of the container. */
  private answered: { runId: string; startedAtMs: number | null } | undefined;

  constructor(private readonly settings: RedisSettings) {}

  async check(signal: AbortSignal, run: ProbedRun): Promise<void> {
    const { user, password, database } = this.settings;
    const connection = await RedisConnection.open(this.settings, signal);
    try {
      if (password !== undefined) {
        await connection.command('AUTH', ...(user === undefined ? [] : [user]), password);
      }
      if (database !== 0) await connection.command('SELECT', String(database));
      await this.ask(connection, run);
    } finally {
      connection.close();
    }
  }

  private async ask(connection: RedisConnection, run: ProbedRun) {
    if ((await connection.command('PING')) !== 'PONG') throw new ProbeFailedError('PING not answered');
    const nonce = randomUUID();
    await connection.command('SET', this.key, nonce, 'EX', String(keyLivesSeconds));
    if ((await connection.command('GET', this.key)) !== nonce) {
      throw new ProbeFailedError('nonce not returned');
    }
    const info = await infoIfAllowed(connection);
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
async function infoIfAllowed(connection: RedisConnection): Promise<string | null> {
  try {
    return (await connection.command('INFO', 'server')) ?? '';
  } catch (error) {
    if (error instanceof RedisRefusedError && error.message.startsWith('NOPERM')) return null;
    throw error;
  }
}
