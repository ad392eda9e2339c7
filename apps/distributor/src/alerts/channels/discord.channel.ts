import type { AlertEvent } from '#payments';
import type { Channel } from './channel.js';
import { channelId } from './channel-id.js';
import { cut, type Message, messageOf } from './message.js';
import { postJson } from './post-json.js';

/** Discord's limits: ten embeds with 6,000 characters together; a title of 256, a field's value of 1,024. */
const MOST_EMBEDS = 10;
const MOST_ALTOGETHER = 6_000;
const MOST_TITLE = 128;
const MOST_FACTS = 200;

const colours: Record<Message['tone'], number> = {
  critical: 0xc62828,
  warning: 0xef6c00,
  info: 0x1565c0,
  good: 0x2e7d32,
};

/** So that a name with stars or a backtick in it stays a name. */
export const discordText = (text: string): string =>
  text.replaceAll(/[\\*_~`|>#[\]]/g, (sign) => `\\${sign}`);

export function discordMessage(events: readonly AlertEvent[], runbookUrl: string | undefined) {
  const each = Math.floor(MOST_ALTOGETHER / Math.max(events.length, 1)) - MOST_TITLE - MOST_FACTS;
  return {
    username: 'Uptime payroll',
    // Nothing in a text may wake everybody.
    allowed_mentions: { parse: [] },
    embeds: events.map((event) => {
      const { headline, text, facts, tone } = messageOf(event, runbookUrl);
      return {
        title: cut(headline, MOST_TITLE),
        description: cut(discordText(text), Math.max(each, 100)),
        color: colours[tone],
        timestamp: event.at.toISOString(),
        footer: {
          text: cut(
            facts
              .filter(([name]) => name !== 'Since')
              .map(([name, value]) => `${name}: ${value}`)
              .join('\n'),
            MOST_FACTS,
          ),
        },
      };
    }),
  };
}

export const discordChannel = (url: string, runbookUrl: string | undefined): Channel => ({
  id: channelId('discord', url),
  type: 'discord',
  target: new URL(url).host,
  mostAtOnce: MOST_EMBEDS,
  async send(events, signal) {
    await postJson({ url, body: JSON.stringify(discordMessage(events, runbookUrl)), signal });
  },
});
