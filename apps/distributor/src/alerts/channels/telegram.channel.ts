import type { AlertEvent } from '#payments';
import { z } from 'zod';
import { type Channel, ChannelError } from './channel.js';
import { channelId } from './channel-id.js';
import { cut, messageOf } from './message.js';
import { postJson } from './post-json.js';

/** Telegram takes 4,096 characters after it has read the tags; a few are left for them. */
const MOST_TEXT = 3_900;
const MOST_EVENTS = 10;
const MOST_HEADLINE = 70;
const MOST_FACTS = 220;

export interface TelegramOptions {
  botToken: string;
  chatId: string;
  apiUrl: string;
}

export const telegramText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function telegramMessage(
  events: readonly AlertEvent[],
  chatId: string,
  runbookUrl: string | undefined,
) {
  const each = Math.floor(MOST_TEXT / Math.max(events.length, 1));
  const parts = events.map((event) => {
    const { headline, text, facts } = messageOf(event, runbookUrl);
    const below = cut(facts.map(([name, value]) => `${name}: ${value}`).join('\n'), MOST_FACTS);
    const said = cut(text, each - MOST_HEADLINE - below.length - 4);
    return `<b>${telegramText(cut(headline, MOST_HEADLINE))}</b>\n${telegramText(said)}\n${telegramText(below)}`;
  });
  return {
    chat_id: chatId,
    text: parts.join('\n\n'),
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
  };
}

const answerSchema = z.object({ ok: z.literal(true) });

export const telegramChannel = (
  { botToken, chatId, apiUrl }: TelegramOptions,
  runbookUrl: string | undefined,
): Channel => ({
  id: channelId('telegram', `${botToken} ${chatId}`),
  type: 'telegram',
  target: `chat ${chatId}`,
  mostAtOnce: MOST_EVENTS,
  async send(events, signal) {
    const body = JSON.stringify(telegramMessage(events, chatId, runbookUrl));
    const { text } = await postJson({ url: `${apiUrl}/bot${botToken}/sendMessage`, body, signal });
    if (!answerSchema.safeParse(parseJson(text)).success)
      throw new ChannelError('Telegram did not say that it has taken the message');
  },
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
