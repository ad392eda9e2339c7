import type { AlertEvent } from '#payments';

export type ChannelType = 'webhook' | 'slack' | 'discord' | 'telegram' | 'email' | 'alertmanager';

/** A way to people. Sends a batch whole or throws; whoever calls tries again with the same events. */
export interface Channel {
  /** Stays the same while its address does, tells nothing of it, and is bounded by the configuration. */
  id: string;
  type: ChannelType;
  /** For people: where it leads, without what is secret in it. */
  target: string;
  /** Events in one message at most. */
  mostAtOnce: number;
  /** `signal` ends the attempt when its time is over. @throws ChannelError */
  send(events: readonly AlertEvent[], signal: AbortSignal): Promise<void>;
}

/** Not taken, or not known to be. The message holds no secret. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  constructor(
    message: string,
    /** As the channel asked; it may be longer than our own pause, never shorter. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** No channel may take longer. The claim of the outbox is longer. */
export const SEND_TIMEOUT_MS = 10_000;
