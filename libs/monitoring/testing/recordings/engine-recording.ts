/** What a container was when it was inspected. */
export type RecordedState =
  | 'created'
  | 'running'
  | 'paused'
  | 'stopped'
  | 'killed'
  | 'restarting'
  | 'starting'
  | 'healthy'
  | 'unhealthy'
  | 'pausedWithCheck'
  | 'childOutOfMemory'
  | 'liveRestored'
  | 'lostPower';

/** What was done to a container, or happened to it. */
export type RecordedDeed =
  | 'create'
  | 'start'
  | 'hangUp'
  | 'exec'
  | 'pause'
  | 'unpause'
  | 'rename'
  | 'stop'
  | 'restart'
  | 'kill'
  | 'removeRunning'
  | 'remove'
  | 'check'
  | 'healthy'
  | 'unhealthy'
  | 'crashLoop'
  | 'childOutOfMemory'
  | 'engineEnd'
  | 'engineBegin';

/**
 * What a real Engine answered and told, as it wrote it, except that ids, names, paths and whatever says something about
 * the machine are replaced. Made by `npm run engine:record`.
 */
export interface EngineRecording {
  /** Such as `Docker 20.10.24`. */
  engine: string;
  /** Of every answer. */
  headers: Readonly<Record<string, string>>;
  /** Of the event stream. */
  eventContentType: string;
  version: string;
  info: string;
  /** Body of the 404 for a container `nobody`. */
  missing: string;
  /** One running container, whole. */
  inspection: string;
  /** Of an inspection what changes: `{ State, RestartCount }`. */
  states: Readonly<Partial<Record<RecordedState, string>>>;
  /** One running container in a list. */
  listed: string;
  /** Lines of the event stream, without any filter. */
  deeds: Readonly<Partial<Record<RecordedDeed, readonly string[]>>>;
}
