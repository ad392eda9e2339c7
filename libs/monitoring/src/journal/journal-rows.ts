import { z } from 'zod';

import type { Segment } from '../segments/service-state.js';

const hash = z.templateLiteral(['0x', z.string().regex(/^[0-9a-f]{64}$/)]);
const epochMs = z.number().int();

const segmentRow = z.object({
  service: z.string(),
  from_ms: epochMs,
  to_ms: epochMs.nullable(),
  state: z.enum(['up', 'down', 'starting', 'unknown']),
  reason: z.string().nullable(),
  inferred: z.number().transform((flag) => flag === 1),
  container_id: z.string().nullable(),
});

export const segmentRows = z.array(segmentRow);
export const serviceRows = z.array(z.object({ service: z.string() }));
export const hashRows = z.array(z.object({ minute_ms: epochMs, hash }));
export const watermarkRows = z.array(
  z.object({ since_ms: epochMs, watermark_ms: epochMs, resume: z.string() }),
);

/** An open segment reaches up to the watermark. */
export function toSegment(row: z.output<typeof segmentRow>, watermarkMs: number): Segment {
  return {
    fromMs: row.from_ms,
    toMs: row.to_ms ?? watermarkMs,
    state: row.state,
    reason: row.reason,
    inferred: row.inferred,
    containerId: row.container_id,
  };
}
