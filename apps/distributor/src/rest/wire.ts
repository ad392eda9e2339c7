import { isoTimeSchema } from '#platform';
import { formatUsd, usdSchema } from '#payments';
import { z } from 'zod';

/** Answers: what stands in a response. Descriptions and examples end up in the OpenAPI document. */
export const money = () =>
  z
    .string()
    .regex(/^-?\d+\.\d{6}$/)
    .meta({ description: 'US dollars, six decimals', example: '10.000000' });

export const time = () =>
  z.string().meta({ format: 'date-time', description: 'ISO 8601, UTC', example: '2026-11-22T12:00:00.000Z' });

export const percentage = () =>
  z.number().meta({
    description: 'Percent, floored to two decimals; for people, never what decides',
    example: 99.98,
  });

export const address = () =>
  z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .meta({
      description: 'Ethereum address (EIP-55)',
      example: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    });

export const identifier = () =>
  z.string().meta({ format: 'uuid', example: '019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11' });

/** What says itself what it holds, and whose parts no program of ours reads. */
export const anything = (description: string) => z.unknown().meta({ description });

export const pageOf = <Item extends z.ZodType>(item: Item, id: string) =>
  z
    .object({
      items: z.array(item),
      next_cursor: z.string().nullable().meta({ description: 'For `?cursor=`; null on the last page' }),
    })
    .meta({ id });

export const usd = (microUsd: bigint): string => formatUsd(microUsd);
export const iso = (date: Date): string => date.toISOString();
export const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;
export const percentOf = (basisPoints: bigint): number => Number(basisPoints) / 100;

/** Beyond it the arithmetic of days would leave what ISO 8601 writes with four digits. */
const earliest = new Date(0);
const latest = new Date(Date.UTC(2200, 0, 1));

/** Items of one page. */
const MAX_LIMIT = 200;

/** Questions: what comes in. */
const uuidInput = () => z.uuid('must be a UUID');
export const idParams = z.object({
  id: uuidInput().meta({ description: 'As lists name it', example: '019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11' }),
});
export const orchestratorInput = () =>
  uuidInput().meta({
    description: 'One orchestrator, archived or not',
    example: '019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11',
  });
export type IdParams = z.output<typeof idParams>;

export const pageQuery = {
  limit: z
    .string()
    .refine((text) => /^\d{1,4}$/.test(text), 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1, 'must be at least 1').max(MAX_LIMIT, `must be at most ${MAX_LIMIT}`))
    .prefault('50')
    .meta({
      description: `Items per page, 1 to ${MAX_LIMIT}`,
      // As a client sees it; a query arrives as text.
      ...{ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: 50, example: 50 },
    }),
  cursor: z
    .string()
    .max(500, 'must be at most 500 characters')
    .optional()
    .meta({ description: '`next_cursor` of the page before' }),
};

export const timeInput = () =>
  isoTimeSchema
    .transform((epochMs) => new Date(epochMs))
    .refine((time) => time >= earliest && time < latest, 'must lie between the years 1970 and 2200')
    .meta({ format: 'date-time', description: 'ISO 8601, UTC', example: '2026-11-22T12:00:00.000Z' });
export const rateInput = () => usdSchema.refine((amount) => amount >= 0n, 'must not be below zero');

/** `99.5` percent → 9950n basis points; a number with more than two decimals is refused, not rounded. */
export const basisPointsInput = () =>
  z
    .number()
    .min(0, 'must be at least 0')
    .lt(100, 'must be below 100: a period is paid when its uptime is strictly above it')
    .transform((percent, context) => {
      const [, whole, fraction = ''] = /^(\d{1,2})(?:\.(\d{1,2}))?$/.exec(String(percent)) ?? [];
      if (whole !== undefined) return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0'));
      context.addIssue({ code: 'custom', message: 'must have at most two decimals' });
      return z.NEVER;
    });

export const serviceNamesInput = () =>
  z
    .array(z.string().trim().min(1, 'must not be empty').max(200, 'must be at most 200 characters'))
    .min(1, 'must name at least one service: no service, no pay')
    .max(100, 'must name at most 100 services')
    .refine((names) => new Set(names).size === names.length, 'names a service twice');
