import { getAddress } from 'ethers/address';
import { z } from 'zod';

export type Hex = `0x${string}`;

const isHex = (text: string): text is Hex => /^0x([0-9a-f]{2})*$/.test(text);

/** 32 bytes as 0x and 64 hexadecimal digits; the output is in lower case. */
export const hex32Schema = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'must be 0x followed by 64 hexadecimal digits')
  .transform((text, context): Hex => {
    const lower = text.toLowerCase();
    if (isHex(lower)) return lower;
    context.addIssue({ code: 'custom', message: 'must be hexadecimal' });
    return z.NEVER;
  });

/** Addresses whose checksum was found right: a worker's comes back with every report, and checking costs a hash. */
const sound = new Set<string>();
const MOST_REMEMBERED = 20_000;

function withChecksum(text: string): string {
  if (sound.has(text)) return text;
  const address = getAddress(text);
  if (sound.size >= MOST_REMEMBERED) sound.clear();
  sound.add(address);
  return address;
}

/**
 * An Ethereum address: all in lower case, or in mixed case with a right EIP-55 checksum, so that a mistyped one is
 * noticed. The output has the checksum.
 */
export const addressSchema = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an Ethereum address: 0x followed by 40 hexadecimal digits')
  .transform((text, context) => {
    try {
      return withChecksum(text);
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'has a wrong checksum (EIP-55): check for a typing error',
      });
      return z.NEVER;
    }
  });
