import { z } from 'zod';

export const hash = z.templateLiteral(['0x', z.string().regex(/^[0-9a-f]{64}$/)]);
export const epochMs = z.number().int();

export const serviceRows = z.array(z.object({ service: z.string() }));
export const hashRows = z.array(z.object({ minute_ms: epochMs, hash }));
export const watermarkRows = z.array(
  z.object({ since_ms: epochMs, watermark_ms: epochMs, resume: z.string() }),
);
