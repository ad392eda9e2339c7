import { createHash } from 'node:crypto';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { AlertEvent } from '#payments';
import { type Channel, ChannelError, SEND_TIMEOUT_MS } from './channel.js';
import { channelId } from './channel-id.js';
import { cut, messageOf } from './message.js';

const MOST_EVENTS = 50;

export interface EmailOptions {
  /** `smtp://` (upgraded by STARTTLS where the server offers it) or `smtps://`, with user and password in it. */
  smtpUrl: string;
  from: string;
  to: readonly string[];
}

/** The part of an address behind the at sign, for the ids of messages. */
const domainOf = (from: string): string => /@([^\s>]+)>?$/.exec(from)?.[1] ?? 'localhost';

/** The same for the same events in the same order. */
const digestOf = (events: readonly AlertEvent[]): string =>
  createHash('sha256')
    .update(events.map(({ id }) => id).join())
    .digest('hex')
    .slice(0, 32);

/** Plain text. A mail about one event has its id, so that a second delivery is the same mail; alerts make threads. */
export function emailMessage(
  events: readonly AlertEvent[],
  { from, to }: Pick<EmailOptions, 'from' | 'to'>,
  runbookUrl: string | undefined,
): SendMailOptions {
  const messages = events.map((event) => messageOf(event, runbookUrl));
  const [first] = messages;
  const more = messages.length > 1 ? ` (and ${messages.length - 1} more)` : '';
  const domain = domainOf(from);
  const [single] = events.length === 1 ? events : [];
  const isFirstOfThread = single?.event === 'opened';
  return {
    from,
    to: [...to],
    subject: cut(`[alert] ${first?.headline ?? ''}${more}`, 150),
    text: messages
      .map(({ headline, text, facts }) =>
        [headline, '', text, '', ...facts.map(([name, value]) => `${name}: ${value}`)].join('\n'),
      )
      .join(`\n\n${'-'.repeat(60)}\n\n`),
    messageId: `<${single?.id ?? digestOf(events)}@${domain}>`,
    ...(single !== undefined && !isFirstOfThread && { references: `<alert.${single.alert.id}@${domain}>` }),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Alert-Event-Ids': events.map(({ id }) => id).join(' '),
    },
  };
}

export function emailChannel(options: EmailOptions, runbookUrl: string | undefined): Channel {
  const { smtpUrl, to } = options;
  const { host } = new URL(smtpUrl);
  return {
    id: channelId('email', `${smtpUrl} ${to.join(',')}`),
    type: 'email',
    target: `${to.join(', ')} by ${host}`,
    mostAtOnce: MOST_EVENTS,
    async send(events, signal) {
      const transport = createTransport({
        url: smtpUrl,
        connectionTimeout: SEND_TIMEOUT_MS,
        greetingTimeout: SEND_TIMEOUT_MS,
        socketTimeout: SEND_TIMEOUT_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const stop = () => {
        transport.close();
      };
      signal.addEventListener('abort', stop, { once: true });
      try {
        await transport.sendMail(emailMessage(events, options, runbookUrl));
      } catch (error) {
        throw new ChannelError(
          `${host} did not take the mail: ${error instanceof Error ? error.message : 'unknown'}`,
        );
      } finally {
        signal.removeEventListener('abort', stop);
        transport.close();
      }
    },
  };
}
