import { createServer, type IncomingHttpHeaders } from 'node:http';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';

/** One thing that was told, as a channel's vendor would have understood it. */
export interface Received {
  channel: string;
  /** `opened`, `resolved`, … where the format says it. */
  text: string;
  kinds: string[];
  eventIds: string[];
  isOver: boolean;
}

export interface AlertReceivers {
  /** For the distributor: every channel leads here. */
  environment: Record<string, string>;
  received: Received[];
  /** What broke a vendor's rules: must stay empty. */
  faults: string[];
  /** Answers to the next requests to a channel, before it takes any again. */
  refuse(
    channel: string,
    answers: { status: number; headers?: Record<string, string>; body?: string }[],
  ): void;
  close(): Promise<void>;
}

const webhookSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const iso = z.iso.datetime({ offset: false, precision: 3 });

/** Our own, as docs/operations.md documents it. */
const webhookSchema = z.strictObject({
  type: z.enum(['alert.opened', 'alert.reminder', 'alert.resolved', 'alert.test']),
  event_id: z.uuid(),
  timestamp: iso,
  data: z.strictObject({
    id: z.uuid(),
    kind: z.string(),
    severity: z.enum(['critical', 'warning', 'info']),
    subject: z.string(),
    title: z.string(),
    text: z.string().min(1),
    details: z.record(z.string(), z.unknown()),
    opened_at: iso,
    resolved_at: iso.nullable(),
    closed_by: z.string().nullable(),
    closed_reason: z.string().nullable(),
    state: z.enum(['open', 'resolved']),
    runbook: z.string(),
  }),
});

/** api.slack.com: incoming webhooks, attachments with blocks, and their limits. */
const mrkdwn = z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(3_000) });
const slackSchema = z.strictObject({
  text: z.string().min(1).max(40_000),
  attachments: z
    .array(
      z.strictObject({
        color: z.string().regex(/^#[0-9a-f]{6}$/),
        blocks: z
          .array(
            z.discriminatedUnion('type', [
              z.strictObject({ type: z.literal('section'), text: mrkdwn }),
              z.strictObject({ type: z.literal('context'), elements: z.array(mrkdwn).min(1).max(10) }),
            ]),
          )
          .min(1)
          .max(50),
      }),
    )
    .min(1)
    .max(100),
});

/** discord.com/developers: execute webhook, embed limits. */
const discordSchema = z.strictObject({
  username: z
    .string()
    .min(1)
    .max(80)
    .refine((name) => !/discord|clyde/i.test(name)),
  allowed_mentions: z.strictObject({ parse: z.array(z.never()) }),
  embeds: z
    .array(
      z.strictObject({
        title: z.string().max(256),
        description: z.string().max(4_096),
        color: z.int().min(0).max(0xffffff),
        timestamp: iso,
        footer: z.strictObject({ text: z.string().max(2_048) }),
      }),
    )
    .min(1)
    .max(10)
    .refine(
      (embeds) =>
        embeds.reduce((sum, e) => sum + e.title.length + e.description.length + e.footer.text.length, 0) <=
        6_000,
      'more than 6,000 characters in all embeds',
    ),
});

/** core.telegram.org/bots/api: sendMessage in HTML style. */
const telegramSchema = z.strictObject({
  chat_id: z.string().regex(/^(-?\d+|@\w+)$/),
  text: z
    .string()
    .refine((text) => text.replaceAll(/<\/?b>/g, '').replaceAll(/&(lt|gt|amp);/g, '.').length <= 4_096)
    .refine((text) => !/[<>]/.test(text.replaceAll(/<b>[^<>]*<\/b>/g, '')), 'a tag that is not supported')
    .refine((text) => !/&(?!(lt|gt|amp|quot);)/.test(text), 'an entity that is not supported'),
  parse_mode: z.literal('HTML'),
  link_preview_options: z.strictObject({ is_disabled: z.boolean() }),
});

/** Alertmanager's openapi.yaml, v2: postableAlerts. */
const labelSet = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string());
const alertmanagerSchema = z
  .array(
    z.strictObject({
      labels: labelSet.refine(({ alertname }) => alertname !== undefined),
      annotations: labelSet,
      startsAt: iso,
      endsAt: iso,
    }),
  )
  .min(1);

const kindsIn = (text: string): string[] => [...text.matchAll(/Kind: (\w+)/g)].map(([, kind = '']) => kind);
const idsIn = (text: string): string[] => [...text.matchAll(/Event: ([\w-]{36})/g)].map(([, id = '']) => id);

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** A receiver for each format, as strict as its vendor, each answering as its vendor does. */
export async function startAlertReceivers(): Promise<AlertReceivers> {
  const received: Received[] = [];
  const faults: string[] = [];
  const refusals = new Map<string, Answer[]>();

  const take = (channel: string, body: string, headers: IncomingHttpHeaders): Answer => {
    const json: unknown = JSON.parse(body);
    if (channel === 'webhook') {
      new Webhook(webhookSecret).verify(body, {
        'webhook-id': String(headers['webhook-id']),
        'webhook-timestamp': String(headers['webhook-timestamp']),
        'webhook-signature': String(headers['webhook-signature']),
      });
      const { type, event_id: eventId, data } = webhookSchema.parse(json);
      if (headers['webhook-id'] !== eventId) throw new Error('webhook-id is not the id of the event');
      const isOver = type === 'alert.resolved';
      received.push({ channel, text: data.text, kinds: [data.kind], eventIds: [eventId], isOver });
      return { status: 204 };
    }
    if (channel === 'alertmanager') {
      for (const { labels, annotations, endsAt } of alertmanagerSchema.parse(json)) {
        const isOver = Date.parse(endsAt) <= Date.now();
        const { event_id: id = '', description = '' } = annotations;
        received.push({
          channel,
          text: description,
          kinds: [labels.alertname ?? ''],
          eventIds: [id],
          isOver,
        });
      }
      return { status: 200 };
    }
    if (channel === 'slack') {
      for (const { blocks } of slackSchema.parse(json).attachments) {
        const text = JSON.stringify(blocks);
        noteText(channel, text, text);
      }
      return { status: 200, body: 'ok' };
    }
    if (channel === 'discord') {
      for (const { title, description, footer } of discordSchema.parse(json).embeds)
        noteText(channel, `${title}\n${description}\n${footer.text}`, title);
      return { status: 204 };
    }
    const { text } = telegramSchema.parse(json);
    for (const part of text.split('\n\n')) noteText(channel, part, part);
    return { status: 200, body: '{"ok":true,"result":{"message_id":1}}' };
  };

  const noteText = (channel: string, text: string, headline: string) =>
    received.push({
      ...{ channel, text, kinds: kindsIn(text), eventIds: idsIn(text) },
      isOver: headline.includes('RESOLVED'),
    });

  const server = createServer((request, response) => {
    const [, path = ''] = (request.url ?? '').split('/');
    const channel = path.startsWith('bot') ? 'telegram' : path.startsWith('api') ? 'alertmanager' : path;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      let answer: Answer | undefined = refusals.get(channel)?.shift();
      try {
        answer ??= take(channel, Buffer.concat(chunks).toString('utf8'), request.headers);
      } catch (error) {
        faults.push(`${channel}: ${error instanceof Error ? error.message : String(error)}`);
        answer = { status: 400, body: 'invalid' };
      }
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const http = portOf(server.address());

  const mail = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'robot' && password === 'mail password') done(null, { user: username });
      else done(new Error('Invalid username or password'));
    },
    onData: (stream, _session, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      stream.on('end', () => {
        const plain = text.replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=');
        for (const header of ['From: ', 'To: ', 'Subject: ', 'Date: ', 'Message-ID: <', 'MIME-Version: 1.0'])
          if (!plain.includes(`\n${header}`) && !plain.startsWith(header)) faults.push(`email: no ${header}`);
        // Of several events each has its part, with its own headline.
        for (const part of plain.split('-'.repeat(60))) noteText('email', part, part);
        done();
      });
    },
  });
  mail.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    mail.listen(0, '127.0.0.1', resolve);
  });
  const smtp = portOf(mail.server.address());

  return {
    received,
    faults,
    refuse: (channel, answers) => refusals.set(channel, answers),
    environment: {
      ALERT_WEBHOOK_URLS: `http://127.0.0.1:${http}/webhook`,
      ALERT_WEBHOOK_SECRET: webhookSecret,
      ALERT_SLACK_WEBHOOK_URL: `http://127.0.0.1:${http}/slack/T000/B000/slack-secret-XXXX`,
      ALERT_DISCORD_WEBHOOK_URL: `http://127.0.0.1:${http}/discord/1234/discord-secret-XXXX`,
      ALERT_TELEGRAM_BOT_TOKEN: '123456:telegram-secret-XXXXXXXXXXXXXXXXXXXXXXX',
      ALERT_TELEGRAM_CHAT_ID: '-100200300',
      ALERT_TELEGRAM_API_URL: `http://127.0.0.1:${http}`,
      ALERT_SMTP_URL: `smtp://robot:mail%20password@127.0.0.1:${smtp}`,
      ALERT_EMAIL_FROM: 'Uptime payroll <robot@payer.example>',
      ALERT_EMAIL_TO: 'people@payer.example',
      ALERT_ALERTMANAGER_URLS: `http://127.0.0.1:${http}/`,
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => {
        mail.close(resolve);
      });
    },
  };
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
