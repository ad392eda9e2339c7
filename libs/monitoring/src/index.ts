export { defaultServices } from './containers/default-services.js';
export { type EngineAddress, InvalidDockerHostError, parseDockerHost } from './containers/docker-host.js';
export { InvalidServiceNameError, ServiceSelection } from './containers/service-selection.js';
export { CompactedError, JournalLockedError, JournalUnwritableError } from './journal/journal-errors.js';
export {
  hashInRun,
  isFirstOfJournal,
  type MinuteRun,
  MinuteRunError,
  readMinuteRun,
  sealedMinuteToWire,
} from './journal/minute-run.js';
export { compareWithRun, type Comparison } from './journal/run-against-report.js';
export { Monitor, type MonitorOptions } from './monitor.js';
export type { Clock } from './clock.js';
export type { Probed } from './answers/monitor-events.js';
export type { EngineView } from './watching/engine-watch.js';
export { BeyondWatermarkError, InvalidWindowError } from './answers/window-errors.js';
export type { ProbeStatus, ServiceStatus, Transition } from './answers/service-status.js';
export type { ServiceUptimeMs, WindowUptime } from './answers/window.js';
export { MonitoringPlan } from './plan/monitoring-plan.js';
export { loadMonitoringPlan, MonitoringFileError } from './plan/monitoring-file.js';
export * from './reports/index.js';
export type { ServiceState } from './segments/service-state.js';
