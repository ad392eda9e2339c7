export { type HistoryOptions, openHistory, writeHistory } from './journal-history.js';
export { allUp, MonitorRig, settled, transition, until, uptime } from './monitor-rig.js';
export {
  type AccuracyOptions,
  type Deed,
  measureAccuracy,
  type Transition as MeasuredTransition,
} from './real-engine/accuracy.js';
export { EventlessEngine } from './real-engine/eventless-engine.js';
export { Lifeline } from './real-engine/lifeline.js';
export { isProgram } from './real-engine/run-program.js';
export { OwnEngine } from './real-engine/own-engine.js';
export { canRunContainers, RealContainers } from './real-engine/real-containers.js';
export { type EngineRecording, recordings } from './recordings/index.js';
export { SimulatedContainer, type SimulatedStatus } from './simulated-container.js';
export {
  SimulatedEngine,
  type SimulatedEngineOptions,
  type SimulatedService,
  startSimulatedEngine,
} from './simulated-engine.js';
export { SimulatedEvents } from './simulated-events.js';
export { tarOf } from './tar.js';
