export {
  ConfigurationError,
  type ConfigurationFault,
  loadEnvironmentOrExit,
  parseEnvironment,
} from './config/environment.js';
export { readSecret, SecretUnreadableError } from './config/secrets.js';
export { variables } from './config/variables.js';
export { readIfExists, writeWhole } from './files/whole-file.js';
export { HEALTH_CHECKS, type HealthCheck } from './health/health-check.js';
export { HealthModule } from './health/health.module.js';
export { createHttpApp, type HttpAppOptions } from './http/create-http-app.js';
export { listen, listenOrExit, PortInUseError } from './http/listen.js';
export { type FieldFault, Problem, type ProblemDocument, type ProblemOptions } from './http/problem.js';
export type { ProblemMapping } from './http/problem.filter.js';
export { fieldPath, invalidInput } from './http/validation.js';
export { FactLogger } from './logging/fact-logger.js';
export { createLogger, type LogFormat } from './logging/logger.js';
export { MetricsRegistry } from './metrics/metrics.js';
export { MetricsController, MetricsRoute } from './metrics/metrics.controller.js';
export { MetricsModule } from './metrics/metrics.module.js';
export { endProcess, isProcessOf, isRunning } from './processes/other-process.js';
export { type Backoff, exponentialBackoff } from './scheduling/backoff.js';
export { delay } from './scheduling/delay.js';
export { Loop } from './scheduling/loop.js';
export { errorCode } from './wire/error-code.js';
export { addressSchema, type Hex, hex32Schema } from './wire/hex.js';
export { isoTimeSchema, toIsoTime } from './wire/iso-time.js';
