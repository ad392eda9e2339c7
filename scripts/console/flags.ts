import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

import { UsageError } from '../surroundings/surroundings.js';

type Options = NonNullable<ParseArgsConfig['options']>;

/** `parseArgs` without positionals, whose complaints become ours. @throws UsageError */
export function parseFlags<O extends Options>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws UsageError */
export function wholeNumber(flag: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${flag} must be a whole number from ${min} to ${max}; it is "${text}".`);
}

const unitMs = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000 } as const;
const isUnit = (text: string): text is keyof typeof unitMs => text in unitMs;

/** `90`, `90s`, `2m`, `500ms`, `1h` → milliseconds; a bare number is seconds. @throws UsageError */
export function durationMs(flag: string, text: string): number {
  const [, amount = '', unit = 's'] = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m|min|h)?$/.exec(text.trim()) ?? [];
  const ms = isUnit(unit) ? Number(amount) * unitMs[unit] : 0;
  if (amount !== '' && ms > 0) return Math.round(ms);
  throw new UsageError(`${flag} must be a duration such as 30s, 2m or 1h; it is "${text}".`);
}

/** `10/min`, `2/s`, `100/h` → milliseconds from one to the next. @throws UsageError */
export function rateEveryMs(flag: string, text: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)\/(s|m|min|h)$/.exec(text.trim()) ?? [];
  const perUnit = Number(amount);
  if (isUnit(unit) && perUnit > 0) return unitMs[unit] / perUnit;
  throw new UsageError(`${flag} must be a rate such as 10/min or 2/s; it is "${text}".`);
}
