import type { ProbeRules } from '../segments/probe-result.js';
import { HttpProbe, type HttpSettings } from './http-probe.js';
import { Neo4jProbe, type Neo4jSettings } from './neo4j-probe.js';
import { OllamaProbe, type OllamaSettings } from './ollama-probe.js';
import { PostgresProbe, type PostgresSettings } from './postgres-probe.js';
import type { Probe } from './probe.js';
import { RedisProbe, type RedisSettings } from './redis-probe.js';
import { TcpProbe, type TcpSettings } from './tcp-probe.js';

export type ProbeTarget =
  HttpSettings | TcpSettings | RedisSettings | PostgresSettings | Neo4jSettings | OllamaSettings;

export type ProbeType = ProbeTarget['type'];

/** What is asked of one service, and how often. */
export interface ProbeSettings {
  target: ProbeTarget;
  everyMs: number;
  timeoutMs: number;
  failAfter: number;
  passAfter: number;
}

/** How far an interval is stretched or shortened, so that services are not asked in step, nor at a foreseeable time. */
export const jitter = 0.2;

export const probeRules = ({ failAfter, passAfter, everyMs, timeoutMs }: ProbeSettings): ProbeRules => ({
  failAfter,
  passAfter,
  staleAfterMs: everyMs * (1 + jitter) + timeoutMs + 1_000,
});

export function createProbe(target: ProbeTarget): Probe {
  switch (target.type) {
    case 'http':
      return new HttpProbe(target);
    case 'tcp':
      return new TcpProbe(target);
    case 'redis':
      return new RedisProbe(target);
    case 'postgres':
      return new PostgresProbe(target);
    case 'neo4j':
      return new Neo4jProbe(target);
    case 'ollama':
      return new OllamaProbe(target);
  }
}

export const secretsOf = (target: ProbeTarget): string[] =>
  'password' in target && target.password !== undefined ? [target.password] : [];
