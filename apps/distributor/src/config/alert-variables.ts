import { variables } from '#platform';
import { z } from 'zod';
import { type FileSecretEnvironment, secretOf, secretOrFault, variableOf } from './file-secrets.js';
import type { Known, ReportFault } from './report-fault.js';

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' });
const smtpUrl = z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' });
const telegramToken = z
  .string()
  .regex(/^\d+:[\w-]{30,}$/, 'must be a bot token as @BotFather gives it, such as 123456:ABC-DEF…');
const mailbox = z
  .string()
  .regex(/^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/, 'must be an e-mail address, or a name with the address in <>');

const items = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((item) => item.trim())
    .filter((item) => item !== '');

const urls = z.string().transform(items).pipe(z.array(httpUrl).max(10, 'names more than ten addresses'));

/** Addresses that are passwords by themselves: whoever knows one may write to the channel. */
const secretSchemas = {
  ALERT_WEBHOOK_URLS: urls,
  ALERT_WEBHOOK_SECRET: z.string().min(16, 'must have at least 16 characters'),
  ALERT_SLACK_WEBHOOK_URL: httpUrl,
  ALERT_DISCORD_WEBHOOK_URL: httpUrl,
  ALERT_TELEGRAM_BOT_TOKEN: telegramToken,
  ALERT_SMTP_URL: smtpUrl,
  ALERT_ALERTMANAGER_URLS: urls,
} as const;
type SecretName = keyof typeof secretSchemas;
const secretNames = [
  'ALERT_WEBHOOK_URLS',
  'ALERT_WEBHOOK_SECRET',
  'ALERT_SLACK_WEBHOOK_URL',
  'ALERT_DISCORD_WEBHOOK_URL',
  'ALERT_TELEGRAM_BOT_TOKEN',
  'ALERT_SMTP_URL',
  'ALERT_ALERTMANAGER_URLS',
] as const satisfies readonly SecretName[];

const secondsPerDay = 86_400;

export const alertVariables = {
  ALERT_TELEGRAM_CHAT_ID: z
    .string()
    .regex(/^(-?\d+|@\w{5,})$/, 'must be the number of a chat, or @ and the name of a channel')
    .optional(),
  ALERT_TELEGRAM_API_URL: variables.httpUrl().prefault('https://api.telegram.org'),
  ALERT_EMAIL_FROM: mailbox.optional(),
  ALERT_EMAIL_TO: variables.list().pipe(z.array(mailbox).max(20, 'names more than twenty addresses')),
  ALERT_RUNBOOK_URL: variables.httpUrl().optional(),
  ALERT_DOWN_PERIODS: variables.count(3, { min: 1, max: 100 }),
  ALERT_UNPAID_PERIODS: variables.count(5, { min: 1, max: 100 }),
  ALERT_PAYOUT_STUCK_SECONDS: variables.seconds(3_600, { min: 1, max: 30 * secondsPerDay }),
  ALERT_LAG_SECONDS: variables.seconds(300, { min: 2, max: secondsPerDay }),
  ALERT_RUNWAY_HOURS: variables.count(24, { min: 1, max: 8_760 }),
  ALERT_PATIENCE_SECONDS: variables.seconds(60, { min: 1, max: 3_600 }),
  ALERT_REMINDER_SECONDS: variables.seconds(4 * 3_600, { min: 0, max: 30 * secondsPerDay }),
};

type Environment = Known<typeof alertVariables> & FileSecretEnvironment;

export function checkAlerts(environment: Environment, report: ReportFault): void {
  const given = new Set<SecretName>();
  for (const name of secretNames) {
    const secret = secretOrFault(environment, name, report);
    if (secret === undefined) continue;
    given.add(name);
    const [issue] = secretSchemas[name].safeParse(secret).error?.issues ?? [];
    // Never the value: it is a secret.
    if (issue) report(variableOf(environment, name), issue.message);
  }
  const together = (variable: string, present: boolean, other: string, otherPresent: boolean) => {
    if (otherPresent && !present) report(variable, `is required with ${other}`);
  };
  const token = given.has('ALERT_TELEGRAM_BOT_TOKEN');
  const chat = environment.ALERT_TELEGRAM_CHAT_ID !== undefined;
  together('ALERT_TELEGRAM_CHAT_ID', chat, 'ALERT_TELEGRAM_BOT_TOKEN', token);
  together('ALERT_TELEGRAM_BOT_TOKEN', token, 'ALERT_TELEGRAM_CHAT_ID', chat);
  const smtp = given.has('ALERT_SMTP_URL');
  const to = (environment.ALERT_EMAIL_TO ?? []).length > 0;
  together('ALERT_EMAIL_TO', to, 'ALERT_SMTP_URL', smtp);
  together('ALERT_SMTP_URL', smtp, 'ALERT_EMAIL_TO', to);
  together('ALERT_EMAIL_FROM', environment.ALERT_EMAIL_FROM !== undefined, 'ALERT_SMTP_URL', smtp);
}

/** After `checkAlerts`: where alerts go, and when. */
export function alertsOf(environment: z.output<z.ZodObject<typeof alertVariables>> & FileSecretEnvironment) {
  const secret = (name: SecretName) => secretOf(environment, name);
  const list = (name: 'ALERT_WEBHOOK_URLS' | 'ALERT_ALERTMANAGER_URLS') => items(secret(name) ?? '');
  const { ALERT_TELEGRAM_CHAT_ID: chatId, ALERT_EMAIL_FROM: from } = environment;
  const botToken = secret('ALERT_TELEGRAM_BOT_TOKEN');
  const smtp = secret('ALERT_SMTP_URL');
  return {
    webhookUrls: list('ALERT_WEBHOOK_URLS'),
    webhookSecret: secret('ALERT_WEBHOOK_SECRET'),
    slackUrl: secret('ALERT_SLACK_WEBHOOK_URL'),
    discordUrl: secret('ALERT_DISCORD_WEBHOOK_URL'),
    telegram:
      botToken === undefined || chatId === undefined
        ? undefined
        : { botToken, chatId, apiUrl: environment.ALERT_TELEGRAM_API_URL },
    email:
      smtp === undefined || from === undefined
        ? undefined
        : { smtpUrl: smtp, from, to: environment.ALERT_EMAIL_TO },
    alertmanagerUrls: list('ALERT_ALERTMANAGER_URLS'),
    runbookUrl: environment.ALERT_RUNBOOK_URL,
    settings: {
      downPeriods: environment.ALERT_DOWN_PERIODS,
      unpaidPeriods: environment.ALERT_UNPAID_PERIODS,
      payoutStuckMs: environment.ALERT_PAYOUT_STUCK_SECONDS * 1_000,
      lagMs: environment.ALERT_LAG_SECONDS * 1_000,
      runwayHours: environment.ALERT_RUNWAY_HOURS,
      patienceMs: environment.ALERT_PATIENCE_SECONDS * 1_000,
      reminderMs: environment.ALERT_REMINDER_SECONDS * 1_000,
    },
  };
}

export type AlertsConfig = ReturnType<typeof alertsOf>;

/** Every alert secret, as it stands in the environment. */
export const alertSecretsOf = (environment: FileSecretEnvironment): string[] =>
  secretNames.flatMap((name) => {
    const secret = secretOf(environment, name);
    return secret === undefined ? [] : items(secret);
  });
