import { createHmac } from 'node:crypto';
import type { AlertEvent } from '#payments';
import type { Channel } from './channel.js';
import { channelId } from './channel-id.js';
import { runbookOf } from './message.js';
import { postJson } from './post-json.js';

/** The key's bytes: after `whsec_` in base64, else the text as it is. */
const keyOf = (secret: string): Buffer =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);

/**
 * `webhook-signature` as Standard Webhooks has it: HMAC-SHA256 over id, time and body, so that an old message cannot be
 * sent again as a new one. Libraries in most languages verify it.
 */
export function webhookHeaders(
  secret: string,
  { id, timestampSeconds, body }: { id: string; timestampSeconds: number; body: string },
): Record<string, string> {
  const hmac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestampSeconds}.${body}`);
  return { 'webhook-signature': `v1,${hmac.digest('base64')}` };
}

/** The body that generic webhooks get. */
export const webhookBody = ({ id, event, at, alert }: AlertEvent, runbookUrl: string | undefined): string =>
  JSON.stringify({
    type: `alert.${event}`,
    event_id: id,
    timestamp: at.toISOString(),
    data: {
      ...alert,
      state: alert.resolved_at === null ? 'open' : 'resolved',
      runbook: runbookOf(alert.kind, runbookUrl),
    },
  });

export function webhookChannel(
  url: string,
  secret: string | undefined,
  runbookUrl: string | undefined,
): Channel {
  return {
    id: channelId('webhook', url),
    type: 'webhook',
    target: new URL(url).host,
    mostAtOnce: 1,
    async send(events, signal) {
      for (const event of events) {
        const body = webhookBody(event, runbookUrl);
        const timestampSeconds = Math.floor(Date.now() / 1_000);
        await postJson({
          url,
          body,
          signal,
          headers: {
            'webhook-id': event.id,
            'webhook-timestamp': String(timestampSeconds),
            ...(secret !== undefined && webhookHeaders(secret, { id: event.id, timestampSeconds, body })),
          },
        });
      }
    },
  };
}
