import { z } from 'zod';

import type { Segment } from '../segments/service-state.js';

export const hash = z.templateLiteral(['0x', z.string().regex(/^[0-9a-f]{64}$/)]);
export const epochMs = z.number().int();

export const serviceRows = z.array(z.object({ service: z.string() }));
export const hashRows = z.array(z.object({ minute_ms: epochMs, hash }));
export const watermarkRows = z.array(
  z.object({ since_ms: epochMs, watermark_ms: epochMs, resume: z.string() }),
);

/** One text per answer: rows one by one take three times as long to come out of the database. */
export const jsonRow = z.object({ json: z.string() }).transform(({ json }): unknown => JSON.parse(json));

/** The columns of a segment as `segmentRows` takes them. */
export const segmentColumns = 'from_ms, to_ms, state, reason, inferred, container_id';

const segmentRow = z.tuple([
  epochMs,
  epochMs.nullable(),
  z.enum(['up', 'down', 'starting', 'unknown']),
  z.string().nullable(),
  z.number(),
  z.string().nullable(),
]);

export const segmentRows = z.array(segmentRow);

/** An open segment reaches up to the watermark. */
export const toSegment = (
  [fromMs, toMs, state, reason, inferred, containerId]: z.output<typeof segmentRow>,
  watermarkMs: number,
): Segment => ({ fromMs, toMs: toMs ?? watermarkMs, state, reason, inferred: inferred === 1, containerId });
