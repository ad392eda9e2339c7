import type { AlertEvent } from '#payments';
import type { Channel } from './channel.js';
import { channelId } from './channel-id.js';
import { runbookOf } from './message.js';
import { postJson } from './post-json.js';

const MOST_EVENTS = 100;
/** Alertmanager takes an alert for over when nobody repeats it: told again every minute, kept for five. */
export const REPEAT_MS = 60_000;
const KEPT_MS = 5 * 60_000;

/** What Alertmanager knows an alert by are its labels: the same for every event of one kind and subject. */
export function alertmanagerAlerts(
  events: readonly AlertEvent[],
  runbookUrl: string | undefined,
  nowMs: number,
) {
  return events.map(({ alert, id, event }) => ({
    labels: {
      alertname: alert.kind,
      severity: alert.severity,
      subject: alert.subject,
      source: 'payment-distributor',
    },
    annotations: {
      summary: alert.title,
      description: alert.text,
      runbook_url: runbookOf(alert.kind, runbookUrl),
      event_id: id,
    },
    startsAt: alert.opened_at,
    endsAt:
      event === 'resolved'
        ? (alert.resolved_at ?? new Date(nowMs).toISOString())
        : new Date(nowMs + KEPT_MS).toISOString(),
  }));
}

/** Prometheus Alertmanager, API v2. Of several each gets every alert, as Prometheus does it. */
export const alertmanagerChannel = (url: string, runbookUrl: string | undefined): Channel => ({
  id: channelId('alertmanager', url),
  type: 'alertmanager',
  target: new URL(url).host,
  mostAtOnce: MOST_EVENTS,
  async send(events, signal) {
    const body = JSON.stringify(alertmanagerAlerts(events, runbookUrl, Date.now()));
    await postJson({ url: `${url.replace(/\/+$/, '')}/api/v2/alerts`, body, signal });
  },
});
