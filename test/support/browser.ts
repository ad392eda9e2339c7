import { type Browser, chromium, type Page } from 'playwright-core';
import { access } from 'node:fs/promises';

/** Where Debian's package puts it; playwright's own browsers are not installed. */
const executablePath = '/usr/bin/chromium';

export const chromiumIsInstalled = () =>
  access(executablePath).then(
    () => true,
    () => false,
  );

/** A page of a real Chromium that goes nowhere but to the server under test. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Chromium cuts every request when an interface of the machine comes or goes, as those of containers beside this test do. */
const networkChanged = 'ERR_NETWORK_CHANGED';

/** Everything that a person with the console open would complain about. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes(networkChanged))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? 'failed';
    if (!reason.includes(networkChanged)) complaints.push(`${request.url()}: ${reason}`);
  });
  return complaints;
}
