const microPerUsd = 1_000_000n;

/** '10.500000' → 10500000n. Amounts are never made into floats; only a chart's height is one. */
export function microUsd(text: string): bigint {
  const [, sign, whole, fraction] = /^(-?)(\d+)\.(\d{6})$/.exec(text) ?? [];
  if (whole === undefined || fraction === undefined) throw new Error(`not an amount: ${text}`);
  const size = BigInt(whole) * microPerUsd + BigInt(fraction);
  return sign === '-' ? -size : size;
}

/** 1234500000n → '$1,234.50'; beyond two decimals only what is not zero. */
export function dollars(amount: bigint): string {
  const size = amount < 0n ? -amount : amount;
  const whole = (size / microPerUsd).toLocaleString('en-US');
  const fraction = String(size % microPerUsd)
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${amount < 0n ? '−' : ''}$${whole}.${fraction}`;
}

/** Two decimals, cut off: for sums where a micro-dollar is noise. */
export function roundDollars(amount: bigint): string {
  const size = amount < 0n ? -amount : amount;
  const cents = String((size % microPerUsd) / 10_000n).padStart(2, '0');
  return `${amount < 0n ? '−' : ''}$${(size / microPerUsd).toLocaleString('en-US')}.${cents}`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const shortClock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', month: 'short', day: 'numeric' });
const utcDay = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  month: 'short',
  day: 'numeric',
  timeZone: 'UTC',
});

/** Local time, with the day when it is not today. */
export function time(iso: string): string {
  const at = new Date(iso);
  const text = clock.format(at);
  return at.toDateString() === new Date().toDateString() ? text : `${day.format(at)}, ${text}`;
}

export type Span = 'minute' | 'hour' | 'day';

/** Where a bucket begins, as people say it. Days are UTC days: the books know no other. */
export function bucketName(iso: string, span: Span): string {
  const at = new Date(iso);
  if (span === 'day') return `${utcDay.format(at)} (UTC)`;
  const text = shortClock.format(at);
  return at.toDateString() === new Date().toDateString() ? text : `${day.format(at)}, ${text}`;
}

export const percent = (value: number | null): string => (value === null ? '–' : `${value.toFixed(2)} %`);

export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const shortHex = (hex: string): string =>
  hex.length > 14 ? `${hex.slice(0, 6)}…${hex.slice(-4)}` : hex;

export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
