/**
 * The Livepeer network: how a payer reaches workers through a gateway, and how a worker offers itself to an
 * orchestrator. Everything that speaks BYOC's wire lives behind this door.
 */
export type { PayerNetwork, WorkerNetwork, Network, RegistrationState } from './network.js';
export type { Job, JobOutcome, JobSuccess, JobFailure } from './job.js';
export { GatewayClient, clientDeadlineMs } from './gateway-client.js';
export type { GatewayClientOptions } from './gateway-client.js';
export { CapabilityRegistration } from './capability-registration.js';
export type { CapabilityRegistrationOptions } from './capability-registration.js';
export { CapabilityOfferError } from './capability-offer.js';
export type { CapabilityOffer } from './capability-offer.js';
export { lookForOrchestrator } from './orchestrator-reachability.js';
export { OrchestratorUrlError, normaliseOrchestratorUrl } from './orchestrator-url.js';
export {
  JobHeaderError,
  decodeJobHeader,
  encodeJobHeader,
  encodeParameters,
  jobHeaderName,
} from './job-header.js';
export type { JobHeader, OrchestratorChoice } from './job-header.js';
