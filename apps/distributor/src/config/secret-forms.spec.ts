import { describe, expect, it } from '@jest/globals';
import { createLogger, FactLogger, parseEnvironment } from '#platform';
import { Logger } from '@nestjs/common';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { distributorConfigSchema } from '../distributor.config.js';

/** Each holds what JSON or an address must escape. */
const secrets = {
  ADMIN_PASSWORD: 'quote " and \\ backslash',
  VIEWER_PASSWORD: 'späße & 100% geheim',
  METRICS_TOKEN: 'metrics+token/with=signs',
  PAYER_PRIVATE_KEY: `0x${'aB'.repeat(32)}`,
  ALERT_WEBHOOK_SECRET: 'webhook "secret" of sixteen',
  ALERT_TELEGRAM_BOT_TOKEN: '123456:AAAA-bbbb_CCCC-dddd_EEEE-ffff_GG',
} as const;
const databasePassword = 'p@ss/w:rd#1';
const urls = {
  DATABASE_URL: `postgres://books:${encodeURIComponent(databasePassword)}@db.example:5432/books`,
  ETH_RPC_URL: 'https://arb.example/v2/Kx9abcdefghijklmnopqrs',
  ALERT_SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXX',
  ALERT_SMTP_URL: 'smtps://robot:mail%20pass%22word@mail.example',
  ALERT_WEBHOOK_URLS: 'https://one.example/hook/abcdef123456, https://two.example/?key=abcdef123456',
};

function environment(changes: Record<string, string> = {}) {
  return parseEnvironment(distributorConfigSchema, {
    ...secrets,
    ...urls,
    ALERT_TELEGRAM_CHAT_ID: '-100200300',
    ALERT_EMAIL_FROM: 'robot@mail.example',
    ALERT_EMAIL_TO: 'people@mail.example',
    CHAIN_ID: '42161',
    TOKEN_ADDRESS: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
    MAX_PAYOUT_USD: '1000',
    MAX_DAILY_PAYOUT_USD: '20000',
    ...changes,
  });
}

/** What reaches the log when each secret turns up in a field, a sentence, an error and its stack. */
function logged(values: readonly string[], hidden: readonly string[], format: 'json' | 'pretty'): string {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  Logger.overrideLogger(createLogger({ format, secrets: hidden, destination }));
  const log = new FactLogger('test');
  for (const value of values) {
    log.info('a field', { url: value, inside: { deeper: [value] } });
    log.info(`in a sentence: ${value}`);
    log.error('an error', new Error(`cannot reach ${value}`, { cause: new Error(value) }));
    log.warn('encoded', { query: encodeURIComponent(value), shown: inspect({ value }) });
  }
  Logger.overrideLogger(false);
  return lines.join('');
}

const innermost = [
  ...Object.values(secrets).map((secret) => secret.replace(/^0x/, '')),
  databasePassword,
  'Kx9abcdefghijklmnopqrs',
  'T000/B000/XXXXXXXXXXXX',
  'mail pass"word',
  'abcdef123456',
];

describe('secrets in the log', () => {
  it.each(['json', 'pretty'] as const)('are printed nowhere (%s), in none of their forms', (format) => {
    const values = [...Object.values(secrets), databasePassword, 'mail pass"word', ...Object.values(urls)];
    const text = logged(values, environment().secrets, format);
    expect(text).toContain('[redacted]');
    for (const secret of innermost) {
      for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
        expect(text).not.toContain(form);
      }
    }
    // What is no secret stays, so that a person can find the fault.
    expect(text).toContain('hooks.slack.com');
    expect(text).toContain('db.example');
  });

  it('are the same when they come out of files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
    try {
      const file = join(folder, 'slack');
      writeFileSync(file, `${urls.ALERT_SLACK_WEBHOOK_URL}\n`);
      const { secrets: hidden, alerts } = environment({
        ALERT_SLACK_WEBHOOK_URL: '',
        ALERT_SLACK_WEBHOOK_URL_FILE: file,
      });
      expect(alerts.slackUrl).toBe(urls.ALERT_SLACK_WEBHOOK_URL);
      expect(logged([urls.ALERT_SLACK_WEBHOOK_URL], hidden, 'json')).not.toContain('XXXXXXXXXXXX');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
