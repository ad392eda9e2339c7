import { createHash } from 'node:crypto';
import type { ChannelType } from './channel.js';

/** The same for the same address on every replica; the address cannot be read from it. */
export const channelId = (type: ChannelType, address: string): string =>
  `${type}-${createHash('sha256').update(address).digest('hex').slice(0, 8)}`;
