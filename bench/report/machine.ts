import { cpus, totalmem } from 'node:os';

/** What the figures were measured on: without it they say nothing. */
export function describeMachine(): Record<string, string> {
  const processors = cpus();
  return {
    CPU: `${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores`,
    Memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    System: `${process.platform} ${process.arch}`,
    Node: process.versions.node,
  };
}
