import { randomUUID } from 'node:crypto';

import { z } from 'zod';

import { exchange, parseJson } from './http-exchange.js';
import { type Probe, ProbeFailedError } from './probe.js';

export interface Neo4jSettings {
  type: 'neo4j';
  /** Of the HTTP connector, without a path. */
  url: string;
  /** `query` from Neo4j 5.19 on, `transactional` in all versions. */
  api: 'transactional' | 'query';
  database: string;
  user: string;
  password?: string | undefined;
}

const transactional = z.object({
  results: z.array(z.object({ data: z.array(z.object({ row: z.array(z.unknown()) })) })),
  errors: z.array(z.object({ code: z.string() })),
});

const query = z.object({ data: z.object({ values: z.array(z.array(z.unknown())) }) });

const statement = 'RETURN $nonce AS nonce';

/** The database runs a statement and returns what it was given. */
export class Neo4jProbe implements Probe {
  constructor(private readonly settings: Neo4jSettings) {}

  async check(signal: AbortSignal): Promise<void> {
    const { url, api, database, user, password } = this.settings;
    const nonce = randomUUID();
    const asked = { statement, parameters: { nonce } };
    const isQuery = api === 'query';
    const { status, body } = await exchange(
      {
        url: `${url}/db/${encodeURIComponent(database)}/${isQuery ? 'query/v2' : 'tx/commit'}`,
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          ...(password !== undefined && {
            authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
          }),
        },
        body: JSON.stringify(isQuery ? asked : { statements: [asked] }),
      },
      signal,
    );
    if (status === 401 || status === 403) throw new ProbeFailedError('authentication failed');
    if (status < 200 || status > 299) throw new ProbeFailedError(`status ${status}`);
    const returned = isQuery ? returnedByQuery(body) : returnedByTransaction(body);
    if (returned !== nonce) throw new ProbeFailedError('nonce not returned');
  }
}

function returnedByQuery(body: string): unknown {
  const parsed = query.safeParse(parseJson(body));
  if (!parsed.success) throw new ProbeFailedError('answer not understood');
  return parsed.data.data.values[0]?.[0];
}

function returnedByTransaction(body: string): unknown {
  const parsed = transactional.safeParse(parseJson(body));
  if (!parsed.success) throw new ProbeFailedError('answer not understood');
  const [fault] = parsed.data.errors;
  if (fault) throw new ProbeFailedError(fault.code);
  return parsed.data.results[0]?.data[0]?.row[0];
}
