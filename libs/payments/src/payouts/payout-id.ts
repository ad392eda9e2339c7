import { createHash } from 'node:crypto';

/** RFC 9562 version 5: the same name in the same namespace has the same id on every machine and after every restore. */
export function uuidV5(namespace: string, name: string): string {
  const space = Buffer.from(namespace.replaceAll('-', ''), 'hex');
  if (space.length !== 16) throw new Error(`${namespace} is not a UUID`);
  const bytes = createHash('sha1').update(space).update(name, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * A payout's identity is what it is, not when it was made: books restored from a backup count up to the same ids again,
 * and what was paid under one of them is found on the chain.
 */
export const payoutId = (ledgerId: string, orchestratorId: string, asset: string, number: bigint): string =>
  uuidV5(ledgerId, `${orchestratorId}/${asset}/${number}`);
