import { getAddress } from 'ethers';
import { z } from 'zod';

import { type Hex, hex32Schema } from '#platform';

const isHex = (text: string): text is Hex => /^0x([0-9a-f]{2})*$/.test(text);

/** Bytes as a node writes them; in lower case afterwards. */
export const hexSchema = z.string().transform((text, context): Hex => {
  const lower = text.toLowerCase();
  if (isHex(lower)) return lower;
  context.addIssue({ code: 'custom', message: 'must be hexadecimal' });
  return z.NEVER;
});

/** A number as a node writes it: `0x1a`. */
export const quantitySchema = z
  .string()
  .regex(/^0x[0-9a-f]+$/i, 'must be a hexadecimal number')
  .transform(BigInt);

/** An address as a node writes it, with its checksum afterwards. */
const nodeAddressSchema = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/i, 'must be an address')
  .transform((text) => getAddress(text.toLowerCase()));

export const blockSchema = z.object({
  number: quantitySchema,
  hash: hex32Schema,
  timestamp: quantitySchema,
  /** Absent on chains from before EIP-1559. */
  baseFeePerGas: quantitySchema.optional(),
});
export type Block = z.output<typeof blockSchema>;

export const logSchema = z.object({
  address: nodeAddressSchema,
  topics: z.array(hex32Schema),
  data: hexSchema,
  blockNumber: quantitySchema,
  blockHash: hex32Schema,
  transactionHash: hex32Schema,
  logIndex: quantitySchema,
  /** True for the log of a block that a reorg has removed. */
  removed: z.boolean().default(false),
});
export type EventLog = z.output<typeof logSchema>;

/** Unknown fields and tx types of single chains are not looked at. */
export const receiptSchema = z.object({
  transactionHash: hex32Schema,
  blockNumber: quantitySchema,
  blockHash: hex32Schema,
  from: nodeAddressSchema,
  status: quantitySchema.transform((status) => status === 1n),
  gasUsed: quantitySchema,
  effectiveGasPrice: quantitySchema.default(0n),
  /** A rollup of the OP kind charges its share of the main chain's fee beside the gas. */
  l1Fee: quantitySchema.nullish().transform((wei) => wei ?? 0n),
  logs: z.array(logSchema),
});
export type Receipt = z.output<typeof receiptSchema>;

/** What a tx took from its sender besides its value. */
export const costWei = ({ gasUsed, effectiveGasPrice, l1Fee }: Receipt): bigint =>
  gasUsed * effectiveGasPrice + l1Fee;
