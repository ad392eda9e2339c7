import type { AlertsConfig } from '../../config/alert-variables.js';
import { alertmanagerChannel } from './alertmanager.channel.js';
import type { Channel } from './channel.js';
import { discordChannel } from './discord.channel.js';
import { emailChannel } from './email.channel.js';
import { slackChannel } from './slack.channel.js';
import { telegramChannel } from './telegram.channel.js';
import { webhookChannel } from './webhook.channel.js';

/** Every channel that the environment names, each once. */
export function configuredChannels(config: AlertsConfig): Channel[] {
  const { webhookSecret, slackUrl, discordUrl, telegram, email, runbookUrl } = config;
  const channels = [
    ...config.webhookUrls.map((url) => webhookChannel(url, webhookSecret, runbookUrl)),
    ...(slackUrl === undefined ? [] : [slackChannel(slackUrl, runbookUrl)]),
    ...(discordUrl === undefined ? [] : [discordChannel(discordUrl, runbookUrl)]),
    ...(telegram === undefined ? [] : [telegramChannel(telegram, runbookUrl)]),
    ...(email === undefined ? [] : [emailChannel(email, runbookUrl)]),
    ...config.alertmanagerUrls.map((url) => alertmanagerChannel(url, runbookUrl)),
  ];
  return [...new Map(channels.map((channel) => [channel.id, channel])).values()];
}
