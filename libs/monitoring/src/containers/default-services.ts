/** The seven containers of the VTuber stack: what is watched, and what is paid for, unless configured otherwise. */
export const defaultServices: readonly string[] = [
  'vtuber_orchestrator',
  'redis_scb',
  'autogen_agent',
  'autogen_postgres',
  'autogen_neo4j',
  'scb_gateway',
  'vtuber-ollama',
];
