import type { AlertEvent } from '#payments';
import { type Backoff, exponentialBackoff, FactLogger } from '#platform';
import type { AlertChannels } from './alert-channels.js';
import type { Channel } from './channels/channel.js';

/** An outage is two events; more than a few outages at once that no channel takes are not worth telling. */
const MOST_WAITING = 20;

interface Line {
  channel: Channel;
  events: AlertEvent[];
  backoff: Backoff;
  nextAttemptMs: number;
}

/** What is told past the outbox, because the outbox is away: in order, again until it is taken, while the process lives. */
export class DirectNotices {
  private readonly log = new FactLogger('alerts');
  private readonly lines: Line[];

  constructor(private readonly channels: AlertChannels) {
    this.lines = channels.all.map((channel) => ({
      channel,
      events: [],
      backoff: exponentialBackoff({ minMs: 5_000, maxMs: 300_000 }),
      nextAttemptMs: -Infinity,
    }));
  }

  add(event: AlertEvent): void {
    for (const line of this.lines) {
      line.events.push(event);
      if (line.events.length > MOST_WAITING) line.events.shift();
    }
  }

  /** One attempt at each channel that has something waiting. */
  async send(): Promise<void> {
    await Promise.all(this.lines.map((line) => this.sendLine(line)));
  }

  private async sendLine(line: Line): Promise<void> {
    while (line.events.length > 0 && performance.now() >= line.nextAttemptMs) {
      const batch = line.events.slice(0, line.channel.mostAtOnce);
      const outcome = await this.channels.send(line.channel, batch);
      if (!outcome.ok) {
        const waitMs = Math.max(line.backoff.next(), outcome.retryAfterMs ?? 0);
        line.nextAttemptMs = performance.now() + waitMs;
        const eventIds = batch.map(({ id }) => id);
        this.log.warn('alerts not delivered', { channel: line.channel.id, error: outcome.error, eventIds });
        return;
      }
      line.events.splice(0, batch.length);
      line.backoff.reset();
    }
  }
}
