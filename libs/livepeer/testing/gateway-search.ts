import { setTimeout as sleep } from 'node:timers/promises';

import { parseGoJson } from './go-json.js';
import type { GoHttpClient } from './go-http-client.js';
import { readAll } from './go-http-client.js';
import { decodeGoStruct, decodeValue, entriesOf } from './go-struct.js';
import type { Profile } from './profile.js';

export interface SearchLimits {
  /** For the whole search; only master keeps to it. */
  searchMs: number;
  /** For the headers of each orchestrator's token, TLS handshake included. */
  tokenHeadersMs: number;
}

/** A client cannot change them: the headers that should do so are parsed into the void. */
export const searchLimits: SearchLimits = { searchMs: 1_000, tokenHeadersMs: 500 };

/** What the gateway keeps of an orchestrator's token. */
export interface Token {
  serviceAddress: string;
  pricePerUnit: number;
}

export interface OrchestratorFilter {
  include: string[];
  exclude: string[];
}

/** `parameters`: an object or `null`, inside a string. @throws {GoJsonError} */
export function parseFilter(parameters: string): OrchestratorFilter {
  const filter: OrchestratorFilter = { include: [], exclude: [] };
  for (const [key, value] of entriesOf(parseGoJson(parameters), 'JobParameters')) {
    if (key.toLowerCase() !== 'orchestrators') continue;
    Object.assign(
      filter,
      decodeValue(value, {
        name: 'JobOrchestratorsFilter',
        fields: { include: '[]string', exclude: '[]string' },
      }),
    );
  }
  return filter;
}

/** Exact strings; exclude first; an include list that is not empty is a whitelist. */
export function allowedPool(pool: readonly string[], filter: OrchestratorFilter): string[] {
  return pool.filter(
    (url) => !filter.exclude.includes(url) && (filter.include.length === 0 || filter.include.includes(url)),
  );
}

interface SearchOptions {
  pool: readonly string[];
  capability: string;
  /** The value of `Livepeer-Eth-Address`. */
  senderHeader: string;
  profile: Profile;
  limits: SearchLimits;
  client: GoHttpClient;
  signal: AbortSignal;
}

/**
 * Asks every orchestrator for a token at once and keeps the willing in the order of their answers. pr-3650 does not
 * leave before each has answered or failed, however long a body takes; master leaves after a second with what it has.
 */
export async function findTokens(options: SearchOptions): Promise<Token[]> {
  const { pool, profile } = options;
  const found: Token[] = [];
  const asked = Promise.all(
    pool.map(async (url) => {
      const token = await fetchToken(url, options);
      if (token !== undefined) found.push(token);
    }),
  );
  if (profile === 'pr-3650') await asked;
  else await Promise.race([asked, sleep(options.limits.searchMs, undefined, { ref: false })]);
  return [...found];
}

async function fetchToken(poolUrl: string, options: SearchOptions): Promise<Token | undefined> {
  try {
    const answer = await options.client.call({
      method: 'GET',
      url: `${poolUrl}/process/token`,
      headers: { 'Livepeer-Capability': options.capability, 'Livepeer-Eth-Address': options.senderHeader },
      headersWithinMs: options.limits.tokenHeadersMs,
      signal: options.signal,
    });
    const text = (await readAll(answer.body)).toString('utf8');
    if (answer.status !== 200) return undefined;
    return parseToken(text, options.profile);
  } catch {
    return undefined;
  }
}

/** @throws {GoJsonError} */
function parseToken(text: string, profile: Profile): Token | undefined {
  const token = decodeGoStruct(text, {
    name: 'JobToken',
    fields: { service_addr: 'string', available_capacity: 'int' },
  });
  if (profile === 'master' && token.available_capacity <= 0) return undefined;
  const members = new Map(entriesOf(parseGoJson(text), 'JobToken'));
  const price = members.get('price');
  return {
    serviceAddress: token.service_addr,
    pricePerUnit: price
      ? decodeValue(price, { name: 'PriceInfo', fields: { pricePerUnit: 'int64' } }).pricePerUnit
      : 0,
  };
}
