import { isTexts, UnreadableRowError } from './raw-rows.js';

/** A minute as this journal sealed it. */
export interface OwnMinute {
  minute: string;
  services: OwnService[];
  all_up_ms: number;
}

interface OwnService {
  name: string;
  container_ids: string[];
  up_ms: number;
  inferred_up_ms: number;
  down_ms: number;
  starting_ms: number;
  unknown_ms: number;
}

const isText = (value: unknown): value is string => typeof value === 'string';

const isOwnService = (value: unknown): value is OwnService =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  isText(value.name) &&
  'container_ids' in value &&
  isTexts(value.container_ids) &&
  'up_ms' in value &&
  typeof value.up_ms === 'number' &&
  'inferred_up_ms' in value &&
  typeof value.inferred_up_ms === 'number' &&
  'down_ms' in value &&
  typeof value.down_ms === 'number' &&
  'starting_ms' in value &&
  typeof value.starting_ms === 'number' &&
  'unknown_ms' in value &&
  typeof value.unknown_ms === 'number';

const isOwnMinute = (value: unknown): value is OwnMinute =>
  typeof value === 'object' &&
  value !== null &&
  'minute' in value &&
  isText(value.minute) &&
  'services' in value &&
  Array.isArray(value.services) &&
  value.services.every(isOwnService) &&
  'all_up_ms' in value &&
  typeof value.all_up_ms === 'number';

/** By their shape alone: they were checked when they were written. */
export function readOwnMinutes(value: unknown): OwnMinute[] {
  if (Array.isArray(value) && value.every(isOwnMinute)) return value;
  throw new UnreadableRowError('a sealed minute');
}
