import { createHash } from 'node:crypto';

import { type Hex, isoTimeSchema } from '#platform';
import { z } from 'zod';

import type { StateSums } from '../segments/window-sums.js';

export const minuteMs = 60_000;

/** The hash before the first minute. */
export const noHash: Hex = `0x${'0'.repeat(64)}`;

export interface MinuteOfService extends StateSums {
  name: string;
  containerIds: string[];
}

/** What is sealed of one UTC minute. */
export interface Minute {
  /** Start of the minute, Unix milliseconds. */
  minuteMs: number;
  services: MinuteOfService[];
  allUpMs: number;
}

/** A minute as the journal keeps it and hands it out. */
export interface SealedMinute {
  /** The canonical text, byte for byte as it was hashed. */
  content: string;
  previousHash: Hex;
  hash: Hex;
}

/**
 * The canonical text of a minute: JSON without white space, keys in this order, services by name in code unit order.
 */
export function canonicalMinute({ minuteMs: fromMs, services, allUpMs }: Minute): string {
  const byName = [...services].sort((left, right) => (left.name < right.name ? -1 : 1));
  return JSON.stringify({
    minute: new Date(fromMs).toISOString(),
    services: byName.map((service) => ({
      name: service.name,
      container_ids: service.containerIds,
      up_ms: service.upMs,
      inferred_up_ms: service.inferredUpMs,
      down_ms: service.downMs,
      starting_ms: service.startingMs,
      unknown_ms: service.unknownMs,
    })),
    all_up_ms: allUpMs,
  });
}

const milliseconds = z.int().min(0).max(minuteMs);

const serviceSchema = z
  .strictObject({
    name: z.string(),
    container_ids: z.array(z.string()),
    up_ms: milliseconds,
    inferred_up_ms: milliseconds,
    down_ms: milliseconds,
    starting_ms: milliseconds,
    unknown_ms: milliseconds,
  })
  .transform((service): MinuteOfService => ({
    name: service.name,
    containerIds: service.container_ids,
    upMs: service.up_ms,
    inferredUpMs: service.inferred_up_ms,
    downMs: service.down_ms,
    startingMs: service.starting_ms,
    unknownMs: service.unknown_ms,
  }));

/** What `canonicalMinute` wrote. */
export const minuteSchema = z
  .strictObject({ minute: isoTimeSchema, services: z.array(serviceSchema), all_up_ms: milliseconds })
  .transform((wire): Minute => ({
    minuteMs: wire.minute,
    services: wire.services,
    allUpMs: wire.all_up_ms,
  }));

/** SHA-256 over the 32 bytes of the hash before and the UTF-8 of the canonical text. */
export function hashMinute(previous: Hex, canonical: string): Hex {
  const hash = createHash('sha256')
    .update(Buffer.from(previous.slice(2), 'hex'))
    .update(canonical, 'utf8');
  return `0x${hash.digest('hex')}`;
}
