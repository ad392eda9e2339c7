export { type HistoryOptions, openHistory, writeHistory } from './journal-history.js';
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
