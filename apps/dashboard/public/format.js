const microPerUsd = 1_000_000n;

/** '10.500000' → 10500000n. Amounts are never made into floats, here neither. */
export function microUsd(text) {
  const [, sign, whole, fraction] = /^(-?)(\d+)\.(\d{6})$/.exec(text) ?? [];
  if (whole === undefined) throw new Error(`not an amount: ${text}`);
  const size = BigInt(whole) * microPerUsd + BigInt(fraction);
  return sign === '-' ? -size : size;
}

/** 1234500000n → '$1,234.50'; beyond two decimals only what is not zero. */
export function dollars(amount) {
  const size = amount < 0n ? -amount : amount;
  const whole = (size / microPerUsd).toLocaleString('en-US');
  const fraction = String(size % microPerUsd)
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${amount < 0n ? '−' : ''}$${whole}.${fraction}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** Local time, with the day when it is not today. */
export function time(iso) {
  const at = new Date(iso);
  const text = clock.format(at);
  return at.toDateString() === new Date().toDateString() ? text : `${day.format(at)}, ${text}`;
}

export const percent = (value) => (value === null ? '' : `${value.toFixed(2)} %`);

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const shortHex = (hex) => (hex.length > 14 ? `${hex.slice(0, 8)}…${hex.slice(-6)}` : hex);

export function ago(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}
