import { access } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright-core';

import type { CleanUp } from '../run/clean-up.js';

/** Where Debian's package puts it; playwright's own browsers are not installed. */
const executablePath = '/usr/bin/chromium';

export const chromiumIsInstalled = () =>
  access(executablePath).then(
    () => true,
    () => false,
  );

export async function startChromium(cleanUp: CleanUp): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  cleanUp.add(() => browser.close());
  return browser;
}

export interface Door {
  url: string;
  password: string;
}

/** As the payer, until the page hears the server. */
export async function signIn(page: Page, password: string): Promise<void> {
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByText('Live', { exact: true }).waitFor();
}

/** A window of its own: nothing is in its cache, and nobody is signed in. */
export async function openWindow(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  return context.newPage();
}
