const services = [
  'vtuber_orchestrator',
  'redis_scb',
  'autogen_agent',
  'autogen_postgres',
  'autogen_neo4j',
  'scb_gateway',
  'vtuber-ollama',
];

const serviceText = (name: string): string =>
  `{"name":"${name}","container_ids":[""],"up_ms":60000,"inferred_up_ms":0,"down_ms":0,"starting_ms":0,"unknown_ms":0}`;

/**
 * What nearly every report says in the same words, as the preset dictionary of zlib (RFC 1950, FDICT): what is left to
 * store are ids, hashes and the signature. NEVER change it: stored reports could not be read any more. Another one needs
 * another Adler-32, by which a stored report names its dictionary.
 */
export const reportDictionary = Buffer.from(
  '{"report":{"version":1,"capability":"agent-net","worker_address":"0x","engine_id":"",' +
    '"from":"2026-01-01T00:00:00.000Z","to":"2026-01-01T00:01:00.000Z","window_ms":60000,"services":[' +
    services.map(serviceText).join(',') +
    '],"all_up_ms":60000,"challenge":"0x","issued_at":"2026-01-01T00:01:00.500Z",' +
    `"previous_minute_hash":"0x${'0'.repeat(64)}","minute_hash":"0x"},"signature":"0x`,
);
