import type { Segment, ServiceState } from '../segments/service-state.js';
import { UnreadableRowError } from './raw-rows.js';

/** The columns of a segment as `readOwnSegments` takes them. */
export const segmentColumns = 'from_ms, to_ms, state, reason, inferred, container_id';

type OwnSegment = [
  fromMs: number,
  toMs: number | null,
  state: ServiceState,
  reason: string | null,
  inferred: 0 | 1,
  containerId: string | null,
];

const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';

const isState = (value: unknown): value is ServiceState =>
  value === 'up' || value === 'down' || value === 'starting' || value === 'unknown';

const isOwnSegment = (value: unknown): value is OwnSegment =>
  Array.isArray(value) &&
  value.length === 6 &&
  Number.isInteger(value[0]) &&
  (value[1] === null || Number.isInteger(value[1])) &&
  isState(value[2]) &&
  isTextOrNull(value[3]) &&
  (value[4] === 0 || value[4] === 1) &&
  isTextOrNull(value[5]);

/** A class, since what a literal makes comes to be allocated as long-lived (see `raw-rows.ts`), and its instances do not. */
class RecordedSegment implements Segment {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: ServiceState;
  readonly reason: string | null;
  readonly inferred: boolean;
  readonly containerId: string | null;

  constructor([fromMs, toMs, state, reason, inferred, containerId]: OwnSegment, watermarkMs: number) {
    this.fromMs = fromMs;
    this.toMs = toMs ?? watermarkMs;
    this.state = state;
    this.reason = reason;
    this.inferred = inferred === 1;
    this.containerId = containerId;
  }
}

/** @param watermarkMs what an open segment reaches up to */
export function readOwnSegments(value: unknown, watermarkMs: number): Segment[] {
  if (!Array.isArray(value) || !value.every(isOwnSegment)) {
    throw new UnreadableRowError('a segment');
  }
  return value.map((row) => new RecordedSegment(row, watermarkMs));
}
