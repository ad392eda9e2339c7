import {
  FaultyPath,
  type GatewayDouble,
  type OrchestratorDouble,
  type Profile,
  startGatewayDouble,
  startOrchestratorDouble,
} from '#livepeer/testing';
import { startSimulatedEngine } from '#monitoring/testing';

import { fileURLToPath } from 'node:url';

import type { CleanUp } from '../../run/clean-up.js';
import { WorkerProgram } from '../../run/worker-program.js';

export const capability = 'agent-net';
export const capacity = 10;
/** A body that takes longer is refused by the worker. */
export const uploadSeconds = 2;

/** Tokens come late on a busy machine too: only those of the fault are to count as late. */
export const tokenLimitMs = 2_000;

export interface Network {
  gateway: GatewayDouble;
  orchestrator: OrchestratorDouble;
  path: FaultyPath;
  worker: WorkerProgram;
}

const secret = 'orch-secret';
const hurriedProgram = fileURLToPath(new URL('worker-process.js', import.meta.url));

/** Gateway and orchestrator as doubles, a path that can fail, and the worker in a process of its own. */
export async function startNetwork(
  profile: Profile,
  heartbeatMs: number | undefined,
  cleanUp: CleanUp,
): Promise<Network> {
  const services = ['redis_scb', 'autogen_agent'];
  const engine = await startSimulatedEngine({ services: services.map((name) => ({ name })) });
  cleanUp.add(() => engine.stop());
  const orchestrator = await startOrchestratorDouble({ secret, profile });
  cleanUp.add(() => orchestrator.stop());
  const limits = { searchMs: 20_000, tokenHeadersMs: tokenLimitMs };
  const gateway = await startGatewayDouble({ orchestrators: [orchestrator.url], profile, limits });
  cleanUp.add(() => gateway.stop());
  const path = await FaultyPath.open();
  cleanUp.add(() => path.stop());
  const worker = await WorkerProgram.start({
    environment: () => ({
      LOG_LEVEL: 'error',
      DOCKER_HOST: engine.dockerHost,
      MONITORED_SERVICES: services.join(),
      ORCH_URL: orchestrator.url,
      ORCH_SECRET: secret,
      CAPABILITY_URL: path.url,
      CAPABILITY_CAPACITY: String(capacity),
      JOB_UPLOAD_SECONDS: String(uploadSeconds),
    }),
    cleanUp,
    tellsMemory: true,
    program: heartbeatMs === undefined ? undefined : [hurriedProgram, String(heartbeatMs)],
  });
  path.leadTo(worker.port);
  return { gateway, orchestrator, path, worker };
}
