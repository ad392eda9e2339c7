/** go-livepeer's gateway and orchestrator as test doubles: real servers that speak and misbehave as the real ones do. */
export { startGatewayDouble } from './gateway-double.js';
export type { GatewayDouble, GatewayDoubleOptions } from './gateway-double.js';
export { startOrchestratorDouble } from './orchestrator-double.js';
export type {
  OrchestratorDouble,
  OrchestratorDoubleOptions,
  OrchestratorFaults,
} from './orchestrator-double.js';
export type { RegisteredCapability } from './capability-registry.js';
export { FaultyPath } from './faulty-path.js';
export type { PathFault } from './faulty-path.js';
export type { Profile } from './profile.js';
export { startWorkerStub } from './worker-stub.js';
export type { ReceivedRequest, WorkerAnswer, WorkerStub } from './worker-stub.js';
