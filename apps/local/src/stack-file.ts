import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { writeWhole } from '#platform';

/** `.local/stack.json` as docs and scripts know it. */
export interface StackFacts {
  worker_url: string;
  distributor_url: string;
  gateway_url: string;
  orchestrator_url: string;
  rpc_url: string;
  database_url: string;
  admin_password: string;
  docker: 'engine' | 'simulated';
  /** How a script reaches the Engine, in the syntax of DOCKER_HOST. */
  docker_host: string;
  period_seconds: number;
  token_address: string;
  payer_address: string;
  pids: { worker: number; distributor: number };
}

const fileIn = (stateDir: string) => join(stateDir, 'stack.json');

/** Readable by its owner only: it holds passwords. */
export function writeStackFile(stateDir: string, facts: StackFacts): void {
  writeWhole(
    fileIn(stateDir),
    `${JSON.stringify(facts, null, 2)}
`,
  );
}

export async function removeStackFile(stateDir: string): Promise<void> {
  await rm(fileIn(stateDir), { force: true });
}
