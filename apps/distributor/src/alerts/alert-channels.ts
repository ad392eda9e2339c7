import type { AlertEvent, AlertEventName } from '#payments';
import { MetricsRegistry } from '#platform';
import { Inject, Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { withoutSecrets } from '../config/secret-forms.js';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';
import { type Channel, ChannelError, SEND_TIMEOUT_MS } from './channels/channel.js';
import { configuredChannels } from './channels/configured-channels.js';

export type SendOutcome = { ok: true } | { ok: false; error: string; retryAfterMs: number | undefined };

/** The channels of the configuration, and the count of what became of each message. */
@Injectable()
export class AlertChannels {
  readonly all: readonly Channel[];
  private readonly sent: Counter<'channel' | 'event' | 'outcome'>;

  constructor(
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
    registry: MetricsRegistry,
  ) {
    this.all = configuredChannels(config.alerts);
    this.sent = new Counter({
      name: 'distributor_alert_deliveries_total',
      help: 'Events that a channel took (delivered) or did not take (failed), each attempt counted',
      labelNames: ['channel', 'event', 'outcome'],
      registers: [registry],
    });
    const names: AlertEventName[] = ['opened', 'reminder', 'resolved', 'test'];
    for (const { id: channel } of this.all) {
      for (const event of names)
        for (const outcome of ['delivered', 'failed']) this.sent.inc({ channel, event, outcome }, 0);
    }
  }

  get ids(): string[] {
    return this.all.map(({ id }) => id);
  }

  /** Never throws and never takes longer than a channel may. */
  async send(channel: Channel, events: readonly AlertEvent[]): Promise<SendOutcome> {
    const outcome = await this.attempt(channel, events);
    for (const { event } of events)
      this.sent.inc({ channel: channel.id, event, outcome: outcome.ok ? 'delivered' : 'failed' });
    return outcome;
  }

  private async attempt(channel: Channel, events: readonly AlertEvent[]): Promise<SendOutcome> {
    try {
      await channel.send(events, AbortSignal.timeout(SEND_TIMEOUT_MS));
      return { ok: true };
    } catch (error) {
      const retryAfterMs = error instanceof ChannelError ? error.retryAfterMs : undefined;
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, error: withoutSecrets(message, this.config.secrets), retryAfterMs };
    }
  }
}
