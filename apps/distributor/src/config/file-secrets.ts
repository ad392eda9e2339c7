import { readSecret } from '#platform';
import { z } from 'zod';
import type { ReportFault } from './report-fault.js';

/** `NAME` and `NAME_FILE`: a secret as text, or the file that Docker or Kubernetes puts it in. */
export const fileSecretVariables = {
  DATABASE_URL: z.string().optional(),
  DATABASE_URL_FILE: z.string().optional(),
  ADMIN_PASSWORD: z.string().optional(),
  ADMIN_PASSWORD_FILE: z.string().optional(),
  VIEWER_PASSWORD: z.string().optional(),
  VIEWER_PASSWORD_FILE: z.string().optional(),
  PAYER_PRIVATE_KEY: z.string().optional(),
  PAYER_PRIVATE_KEY_FILE: z.string().optional(),
  GAS_PAYER_PRIVATE_KEY: z.string().optional(),
  GAS_PAYER_PRIVATE_KEY_FILE: z.string().optional(),
  ALERT_WEBHOOK_URLS: z.string().optional(),
  ALERT_WEBHOOK_URLS_FILE: z.string().optional(),
  ALERT_WEBHOOK_SECRET: z.string().optional(),
  ALERT_WEBHOOK_SECRET_FILE: z.string().optional(),
  ALERT_SLACK_WEBHOOK_URL: z.string().optional(),
  ALERT_SLACK_WEBHOOK_URL_FILE: z.string().optional(),
  ALERT_DISCORD_WEBHOOK_URL: z.string().optional(),
  ALERT_DISCORD_WEBHOOK_URL_FILE: z.string().optional(),
  ALERT_TELEGRAM_BOT_TOKEN: z.string().optional(),
  ALERT_TELEGRAM_BOT_TOKEN_FILE: z.string().optional(),
  ALERT_SMTP_URL: z.string().optional(),
  ALERT_SMTP_URL_FILE: z.string().optional(),
  ALERT_ALERTMANAGER_URLS: z.string().optional(),
  ALERT_ALERTMANAGER_URLS_FILE: z.string().optional(),
};

type Variable = keyof typeof fileSecretVariables;
export type SecretName = Exclude<Variable, `${string}_FILE`>;
export type FileSecretEnvironment = Partial<Record<Variable, string | undefined>>;

/** @throws SecretUnreadableError */
export const secretOf = (environment: FileSecretEnvironment, name: SecretName): string | undefined =>
  readSecret(environment[name], environment[`${name}_FILE`]);

/** As `secretOf`, but an unreadable file becomes a fault among the others and not the end of the list. */
export function secretOrFault(
  environment: FileSecretEnvironment,
  name: SecretName,
  report: ReportFault,
): string | undefined {
  try {
    const secret = secretOf(environment, name);
    if (secret === '') report(`${name}_FILE`, 'names an empty file');
    return secret === '' ? undefined : secret;
  } catch (error) {
    report(
      `${name}_FILE`,
      `names a file that cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

/** Where a fault of this secret belongs: the variable that a person must change. */
export const variableOf = (environment: FileSecretEnvironment, name: SecretName): Variable =>
  environment[name] === undefined && environment[`${name}_FILE`] !== undefined ? `${name}_FILE` : name;
