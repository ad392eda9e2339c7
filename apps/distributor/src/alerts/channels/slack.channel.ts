import type { AlertEvent } from '#payments';
import type { Channel } from './channel.js';
import { channelId } from './channel-id.js';
import { cut, type Message, messageOf } from './message.js';
import { postJson } from './post-json.js';

/** Slack's own limits: 3,000 characters in a section, 50 blocks; 20 attachments are what it recommends at most. */
const MOST_TEXT = 3_000;
const MOST_EVENTS = 20;

const colours: Record<Message['tone'], string> = {
  critical: '#c62828',
  warning: '#ef6c00',
  info: '#1565c0',
  good: '#2e7d32',
};

/** The three signs that Slack reads as its own. */
export const slackText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function slackMessage(events: readonly AlertEvent[], runbookUrl: string | undefined) {
  const messages = events.map((event) => messageOf(event, runbookUrl));
  return {
    // What a phone shows, and what screen readers read.
    text: slackText(cut(messages.map(({ headline, text }) => `${headline}. ${text}`).join('\n'), MOST_TEXT)),
    attachments: messages.map((message) => ({
      color: colours[message.tone],
      blocks: [
        {
          type: 'section',
          text: {
            type: 'mrkdwn',
            text: cut(`*${slackText(message.headline)}*\n${slackText(message.text)}`, MOST_TEXT),
          },
        },
        {
          type: 'context',
          elements: [
            {
              type: 'mrkdwn',
              text: cut(
                message.facts.map(([name, value]) => `${name}: ${slackText(value)}`).join(' · '),
                MOST_TEXT,
              ),
            },
          ],
        },
      ],
    })),
  };
}

export const slackChannel = (url: string, runbookUrl: string | undefined): Channel => ({
  id: channelId('slack', url),
  type: 'slack',
  target: new URL(url).host,
  mostAtOnce: MOST_EVENTS,
  async send(events, signal) {
    await postJson({ url, body: JSON.stringify(slackMessage(events, runbookUrl)), signal });
  },
});
