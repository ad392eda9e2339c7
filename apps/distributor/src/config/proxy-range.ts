import { isIP } from 'node:net';
import { z } from 'zod';

const bitsOf = { 4: 32, 6: 128 } as const;

/** An address, or one with the number of its leading bits that count. Not everybody: that would be nobody's word. */
function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || address.includes('%') || rest.length > 0) return false;
  if (bits === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= bitsOf[family];
}

export const proxyRangeSchema = z
  .string()
  .refine(
    isRange,
    'must hold addresses or ranges such as 10.0.0.7 or 172.20.0.0/16, separated by commas; no names, and not /0',
  );
