import { z } from 'zod';

/** A whole number written in decimal digits, within bounds. */
function integer(minimum: number, maximum: number, expectation: string) {
  return z
    .string()
    .regex(/^\d{1,15}$/, expectation)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, expectation);
}

const isHttpUrl = (text: string) => {
  if (!URL.canParse(text)) return false;
  const { protocol } = new URL(text);
  return protocol === 'http:' || protocol === 'https:';
};

const httpUrl = () =>
  z
    .string()
    .trim()
    .refine(isHttpUrl, 'must be an http:// or https:// URL')
    .transform((text) => text.replace(/\/+$/, ''));

const list = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

/** Schemas of environment variables: text in, a typed value out. Messages complete the sentence "NAME …". */
export const variables = {
  /** 0 asks the system for a free port. */
  port: (defaultPort: number) =>
    integer(0, 65_535, 'must be a port number from 0 to 65535').default(defaultPort),

  count: (defaultValue: number, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}) =>
    integer(min, max, `must be a whole number from ${min} to ${max}`).default(defaultValue),

  seconds: (defaultSeconds: number, { min = 0, max = 10 * 365 * 86_400 } = {}) =>
    integer(min, max, `must be a whole number of seconds from ${min} to ${max}`).default(defaultSeconds),

  flag: (defaultValue: boolean) =>
    z
      .enum(['true', 'false'], { error: 'must be true or false' })
      .transform((text) => text === 'true')
      .default(defaultValue),

  text: () => z.string().trim(),

  /** Comma-separated; blanks around the items and empty items are dropped. */
  list: (defaultItems: readonly string[] = []) => list().default([...defaultItems]),

  /** Without trailing slashes. */
  httpUrl,

  httpUrlList: () => list().pipe(z.array(httpUrl())).default([]),

  /** `95` or `99.5` percent as basis points (9500n, 9950n). */
  percentBasisPoints: (defaultPercent: string) =>
    z
      .string()
      .regex(
        /^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)$/,
        'must be a percentage from 0 to 100 with at most two decimals',
      )
      .default(defaultPercent)
      .transform((text) => {
        const [whole = '0', fraction = ''] = text.split('.');
        return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0'));
      }),
};
