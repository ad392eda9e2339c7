import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { complaintsOf } from '../../support/browser.js';
import type { StackFacts } from '../../support/local-stack.js';
import { injectWallet, type WalletKey } from './wallet.js';

export interface Visitor {
  page: Page;
  /** What the console and the network complained about. */
  complaints: string[];
  /** Opens a view by its path behind `#/`. */
  see(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Somebody with a browser of their own on the dashboard's front door. */
export async function visit(
  browser: Browser,
  url: string,
  { wallet, ...options }: BrowserContextOptions & { wallet?: WalletKey } = {},
): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  if (wallet) await injectWallet(page, wallet);
  const complaints = complaintsOf(page);
  await page.goto(url);
  return {
    page,
    complaints,
    async see(path) {
      await page.goto(`${url}/#/${path}`);
      // The new view stands when its heading does.
      await page.locator('main h1').first().waitFor();
    },
    close: () => context.close(),
  };
}

export async function signInAsPayer(
  { page }: Visitor,
  { admin_password: password }: StackFacts,
): Promise<void> {
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByText('Live', { exact: true }).waitFor();
}
