import { BeyondWatermarkError } from '#monitoring';
import { isoTimeSchema } from '#platform';
import { z } from 'zod';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const isUnit = (text: string): text is keyof typeof unitMs => text in unitMs;

/** The journal keeps 35 days; nobody asks for more at once. */
export const longestWindowMs = 31 * unitMs.d;

/** `60s`, `5m`, `1h`, `7d` → milliseconds. */
const duration = z
  .string()
  .regex(/^\d{1,8}[smhd]$/, 'must be a duration such as 60s, 5m, 1h or 7d')
  .transform((text, context) => {
    const unit = text.slice(-1);
    const ms = isUnit(unit) ? Number(text.slice(0, -1)) * unitMs[unit] : 0;
    if (ms > 0 && ms <= longestWindowMs) return ms;
    context.addIssue({ code: 'custom', message: 'must be longer than zero and at most 31 days' });
    return z.NEVER;
  })
  .meta({ description: 'Duration that ends at the watermark: 60s, 5m, 1h, 7d', example: '60s' });

const isoTime = (description: string, example: string) =>
  isoTimeSchema.meta({ description: `${description}, ISO 8601 UTC`, example });

export const fromInput = isoTime('Begin of the window, included', '2026-11-22T12:00:00.000Z');
export const toInput = isoTime('End of the window, excluded', '2026-11-22T12:01:00.000Z');

interface Bounds {
  from?: number | undefined;
  to?: number | undefined;
}

type Complain = (field: 'from' | 'to' | 'window', message: string) => void;

/** Both bounds or none; the rules that every route with a window shares. */
export function checkBounds({ from, to }: Bounds, complain: Complain): void {
  if (from === undefined && to === undefined) return;
  if (from === undefined) complain('from', 'is required with to');
  else if (to === undefined) complain('to', 'is required with from');
  else if (to <= from) complain('to', 'must lie after from');
  else if (to - from > longestWindowMs) complain('to', 'must lie at most 31 days after from');
}

// Rules between fields stand in transforms, which wait until every field by itself is right.

/** What `/service-uptime` may be asked for, in the query or, by way of a gateway that drops it, in the body. */
export const windowSchema = z
  .object({ window: duration.optional(), from: fromInput.optional(), to: toInput.optional() })
  .transform((input, context) => {
    const complain: Complain = (field, message) => {
      context.addIssue({ code: 'custom', path: [field], message });
    };
    if (input.window !== undefined && (input.from !== undefined || input.to !== undefined)) {
      complain('window', 'must not be given together with from and to');
    } else checkBounds(input, complain);
    return input;
  });

export type WindowQuery = z.output<typeof windowSchema>;

/** Unix milliseconds, half-open. */
export interface TimeSpan {
  fromMs: number;
  toMs: number;
}

const defaultWindowMs = 60_000;

/**
 * The span that a query means; without bounds it ends at the watermark, beyond which nothing is settled yet.
 * @throws BeyondWatermarkError when nothing has been settled at all since the worker was first started
 */
export function spanOf({ window, from, to }: Partial<WindowQuery>, watermarkMs: number): TimeSpan {
  if (from !== undefined && to !== undefined) return { fromMs: from, toMs: to };
  const fromMs = watermarkMs - (window ?? defaultWindowMs);
  if (fromMs < 0) throw new BeyondWatermarkError(watermarkMs);
  return { fromMs, toMs: watermarkMs };
}

/** A body that is absent, null or without any of the fields asks for the default window. */
export const postedWindowSchema = z.preprocess((body) => body ?? {}, windowSchema);
