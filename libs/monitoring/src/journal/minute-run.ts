import { fieldPath, type Hex } from '#platform';
import { z } from 'zod';

import { hash } from './journal-rows.js';
import {
  canonicalMinute,
  hashMinute,
  type Minute,
  minuteMs,
  minuteSchema,
  noHash,
  type SealedMinute,
} from './minute-chain.js';

/** A line of `GET /reports/minutes`. */
export const sealedMinuteToWire = ({ content, previousHash, hash }: SealedMinute) => ({
  content,
  previous_hash: previousHash,
  hash,
});

const lineSchema = z.strictObject({ content: z.string(), previous_hash: hash, hash });

export class MinuteRunError extends Error {
  constructor(
    /** From 1. */
    readonly line: number,
    detail: string,
  ) {
    super(`line ${line}: ${detail}`);
    this.name = 'MinuteRunError';
  }
}

/** Sealed minutes that follow each other; every hash was made again from what is in it. */
export interface MinuteRun {
  fromMs: number;
  toMs: number;
  minutes: Minute[];
  /** Hash before the first. */
  previousHash: Hex;
  /** Hash of each, in their order. */
  hashes: Hex[];
}

/**
 * Reads a run of minutes and verifies it: every text is canonical, its milliseconds add up, its hash is that of the text
 * and the hash before, and the minutes follow each other without a gap.
 * @throws MinuteRunError for the first line that is not right
 */
export function readMinuteRun(lines: Iterable<string>): MinuteRun | null {
  let run: MinuteRun | null = null;
  let number = 0;
  for (const line of lines) {
    number += 1;
    if (line === '') continue;
    const { minute, previousHash, own } = readLine(line, number);
    run ??= { fromMs: minute.minuteMs, toMs: minute.minuteMs, minutes: [], previousHash, hashes: [] };
    if (minute.minuteMs !== run.toMs)
      throw new MinuteRunError(number, 'does not follow the minute before it');
    if (previousHash !== (run.hashes.at(-1) ?? run.previousHash)) {
      throw new MinuteRunError(number, 'previous_hash is not the hash of the minute before');
    }
    run.minutes.push(minute);
    run.hashes.push(own);
    run.toMs += minuteMs;
  }
  return run;
}

function readLine(line: string, number: number): { minute: Minute; previousHash: Hex; own: Hex } {
  const wire = parse(lineSchema, line, number);
  const minute = parse(minuteSchema, wire.content, number);
  const fault =
    faultOf(minute) ?? (canonicalMinute(minute) === wire.content ? null : 'is not in canonical form');
  if (fault !== null) throw new MinuteRunError(number, fault);
  if (hashMinute(wire.previous_hash, wire.content) !== wire.hash) {
    throw new MinuteRunError(number, 'the hash is not that of its content: one of them was changed');
  }
  return { minute, previousHash: wire.previous_hash, own: wire.hash };
}

function parse<T>(schema: z.ZodType<T>, json: string, number: number): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new MinuteRunError(number, 'is not JSON');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new MinuteRunError(number, `${fieldPath(issue?.path)} ${issue?.message ?? 'is not right'}`.trim());
}

function faultOf({ minuteMs: fromMs, services, allUpMs }: Minute): string | null {
  if (fromMs % minuteMs !== 0) return 'is not a whole minute';
  const wrong = services.find(
    ({ upMs, downMs, startingMs, unknownMs, inferredUpMs }) =>
      upMs + downMs + startingMs + unknownMs !== minuteMs || inferredUpMs > upMs,
  );
  if (wrong) return `the milliseconds of ${wrong.name} do not add up to the minute`;
  return services.some(({ upMs }) => upMs < allUpMs) ? 'all_up_ms is more than the up_ms of a service' : null;
}

/** The hash of the last minute of the run that ended at or before this time; undefined when the run does not tell. */
export function hashInRun(run: MinuteRun, untilMs: number): Hex | undefined {
  const count = Math.floor((untilMs - run.fromMs) / minuteMs);
  if (count < 0 || untilMs >= run.toMs + minuteMs) return undefined;
  if (count === 0) return run.previousHash;
  return run.hashes[count - 1];
}

export const isFirstOfJournal = (run: MinuteRun): boolean => run.previousHash === noHash;
