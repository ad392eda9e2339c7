import { createHash, randomUUID } from 'node:crypto';
import { Socket } from 'node:net';

import { z } from 'zod';

import { type Probe, type ProbedRun, ProbeFailedError } from './probe.js';
import { assertStartedWith } from './started-with-container.js';

export interface PostgresSettings {
  type: 'postgres';
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string | undefined;
  tls: boolean;
}

const rowsSchema = z.array(z.object({ answer: z.string(), started_ms: z.number() }));

const question = `SELECT md5($1::text) AS answer,
  (extract(epoch FROM pg_postmaster_start_time()) * 1000)::double precision AS started_ms`;

/** The server computes, and has been running no longer than its container. */
export class PostgresProbe implements Probe {
  constructor(private readonly settings: PostgresSettings) {}

  async check(signal: AbortSignal, run: ProbedRun): Promise<void> {
    const { default: pg } = await import('pg');
    const { tls, type: _type, ...address } = this.settings;
    signal.throwIfAborted();
    const socket = new Socket();
    const client = new pg.Client({
      ...address,
      password: address.password ?? '',
      ssl: tls,
      stream: () => socket,
      application_name: 'uptime probe',
    });
    // After the end of the connection there is nobody to tell.
    client.on('error', () => undefined);
    const abandon = () => {
      socket.destroy();
    };
    signal.addEventListener('abort', abandon, { once: true });
    try {
      await client.connect();
      await this.ask(client, run);
    } finally {
      signal.removeEventListener('abort', abandon);
      // Says goodbye, and does not wait for a server that may hang.
      client.end().catch(() => undefined);
      socket.destroySoon();
    }
  }

  private async ask(
    client: { query(text: string, values: string[]): Promise<{ rows: unknown[] }> },
    run: ProbedRun,
  ) {
    const nonce = randomUUID();
    const { rows } = await client.query(question, [nonce]);
    const parsed = rowsSchema.safeParse(rows);
    const [row] = parsed.success ? parsed.data : [];
    if (!row) throw new ProbeFailedError('answer not understood');
    if (row.answer !== createHash('md5').update(nonce).digest('hex')) {
      throw new ProbeFailedError('nonce not returned');
    }
    assertStartedWith(run, row.started_ms);
  }
}
