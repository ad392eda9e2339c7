import type { Hex } from '#platform';

import type { Journal } from '../journal/journal.js';
import { minuteMs, type SealedMinute } from '../journal/minute-chain.js';
import type { ServiceMeasure } from '../journal/window-measure.js';
import { BeyondWatermarkError, InvalidWindowError } from './window-errors.js';

/** Milliseconds of one service within a window; up + down + starting + unknown is the window. */
export type ServiceUptimeMs = ServiceMeasure;

export interface WindowUptime {
  fromMs: number;
  toMs: number;
  services: ServiceUptimeMs[];
  /** Time in which all services were up at once. */
  allUpMs: number;
  /** Hash of the last minute sealed before `fromMs`, and of the last sealed by `toMs`; 32 zero bytes when none. */
  previousMinuteHash: Hex;
  minuteHash: Hex;
}

function checkWindow(fromMs: number, toMs: number) {
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(toMs) || fromMs < 0) {
    throw new InvalidWindowError('times are whole milliseconds since 1970');
  }
  if (toMs <= fromMs) throw new InvalidWindowError('it must end after it begins');
}

/** @throws BeyondWatermarkError, InvalidWindowError, CompactedError */
export function measureUptime(journal: Journal | undefined, fromMs: number, toMs: number): WindowUptime {
  checkWindow(fromMs, toMs);
  if (!journal || toMs > journal.watermarkMs) throw new BeyondWatermarkError(journal?.watermarkMs ?? 0);
  return {
    fromMs,
    toMs,
    ...journal.measure({ fromMs, toMs }),
    previousMinuteHash: journal.minuteHash(fromMs),
    minuteHash: journal.minuteHash(toMs),
  };
}

/** @throws BeyondWatermarkError, InvalidWindowError */
export function sealedMinutes(
  journal: Journal | undefined,
  fromMs: number,
  toMs: number,
): Iterable<SealedMinute[]> {
  checkWindow(fromMs, toMs);
  if (fromMs % minuteMs !== 0 || toMs % minuteMs !== 0) {
    throw new InvalidWindowError('minutes are asked for in whole minutes');
  }
  const limitMs = journal ? (journal.health().sealedUntilMs ?? journal.beginMs) : 0;
  if (!journal || toMs > limitMs) throw new BeyondWatermarkError(limitMs);
  return journal.sealedMinutes({ fromMs, toMs });
}
