import { Wallet } from 'ethers';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { addOrchestrators, createBooks, startServer } from '../bench/books/bench-books.js';
import { type DistributorProgram, startDistributorProgram } from '../bench/dashboard/distributor-program.js';
import { startSettlementChain } from '../bench/dashboard/chain-settings.js';
import { startChromium, signIn } from '../bench/dashboard/chromium.js';
import { CleanUp } from '../bench/run/clean-up.js';
import { fillMonth, oweAnHour, payeesOf } from './screenshots/fill-month.js';
import { onlyForPictures } from './screenshots/wallet.js';

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const desktop = { viewport: { width: 1280, height: 860 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

/** `npm run screenshots`: the pictures of the documentation, from books that are filled by SQL and a real distributor. */
async function main(cleanUp: CleanUp): Promise<void> {
  const key = Wallet.createRandom();
  const server = await startServer(cleanUp);
  const { url, owner } = await createBooks(server, 'pictures', cleanUp);
  const now = new Date();
  await addOrchestrators(owner, payeesOf(key.address), new Date(now.getTime() - 31 * 86_400_000));
  await fillMonth(owner, key.address, now);
  const chain = await startSettlementChain(1_850_000_000_000n, cleanUp);
  const limits = { MAX_PAYOUT_USD: '20000', MAX_DAILY_PAYOUT_USD: '1000000' };
  const distributor = await startDistributorProgram(url, cleanUp, { ...chain, ...limits });
  const browser = await startChromium(cleanUp);
  await mkdir(folder, { recursive: true });

  const take = async (
    name: string,
    options: BrowserContextOptions,
    show: (page: Page) => Promise<void>,
  ): Promise<void> => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.goto(distributor.url);
    await show(page);
    // Fonts and the chart have come when nothing more is asked for.
    await page.evaluate('document.fonts.ready');
    await page.locator('main h1').first().waitFor();
    await page.screenshot({ path: `${folder}${name}.png` });
    await context.close();
    process.stdout.write(`docs/images/${name}.png\n`);
  };
  for (const colorScheme of ['light', 'dark'] as const) {
    const suffix = colorScheme === 'light' ? '' : '-dark';
    await take(`dashboard${suffix}`, { ...desktop, colorScheme }, (page) => onAir(page, distributor));
    await take(`money${suffix}`, { ...desktop, colorScheme }, (page) => money(page, distributor));
    await take(`orchestrator${suffix}`, { ...desktop, colorScheme }, (page) =>
      orchestrator(page, distributor),
    );
    await take(`payouts${suffix}`, { ...desktop, colorScheme }, async (page) => {
      await payouts(page, distributor);
      await oweAnHour(owner, ['fjord', 'gale'], `pictures/${colorScheme}`);
      await page.getByRole('table').getByText('Mined', { exact: true }).nth(1).waitFor();
    });
    await take(`payout${suffix}`, { ...desktop, colorScheme }, (page) => payout(page, distributor));
    await take(`alerts${suffix}`, { ...desktop, colorScheme }, (page) => alerts(page, distributor));
    await take(`payee${suffix}`, { ...desktop, colorScheme }, (page) => payee(page, distributor, key));
    await take(`phone${suffix}`, { ...phone, colorScheme }, (page) => onAir(page, distributor));
    await take(`phone-money${suffix}`, { ...phone, colorScheme }, (page) => money(page, distributor));
  }
}

async function onAir(page: Page, distributor: DistributorProgram): Promise<void> {
  await signIn(page, distributor.password);
  await page.getByRole('slider').first().waitFor();
}

async function money(page: Page, distributor: DistributorProgram): Promise<void> {
  await signIn(page, distributor.password);
  await page.goto(`${distributor.url}/#/money`);
  await page.getByRole('button', { name: 'Days' }).click();
  await page.locator('.u-over').waitFor();
  await page.getByRole('region', { name: 'Balances' }).waitFor();
}

async function payouts(page: Page, distributor: DistributorProgram): Promise<void> {
  await signIn(page, distributor.password);
  await page.goto(`${distributor.url}/#/payouts`);
  const table = page.getByRole('region', { name: 'Payouts' });
  await table.getByText('Paid', { exact: true }).nth(10).waitFor();
  await table.getByText('0x').nth(10).waitFor();
}

async function payout(page: Page, distributor: DistributorProgram): Promise<void> {
  await payouts(page, distributor);
  const paid = page.getByRole('row').filter({ hasText: 'ember' }).filter({ hasText: 'Paid' });
  await paid.filter({ hasText: '0x' }).first().getByRole('link').first().click();
  await page.locator('.timeline').getByText('Paid', { exact: true }).waitFor();
}

async function alerts(page: Page, distributor: DistributorProgram): Promise<void> {
  await signIn(page, distributor.password);
  await page.goto(`${distributor.url}/#/alerts`);
  await page.getByRole('region', { name: 'Alerts' }).waitFor();
}

async function orchestrator(page: Page, distributor: DistributorProgram): Promise<void> {
  await onAir(page, distributor);
  await page.getByRole('link', { name: 'ember', exact: true }).click();
  await page.getByRole('button', { name: 'Hours' }).click();
  await page.locator('.u-over').waitFor();
}

async function payee(
  page: Page,
  distributor: DistributorProgram,
  key: Pick<Wallet, 'address' | 'signMessage'>,
): Promise<void> {
  await onlyForPictures(page, key);
  await page.goto(`${distributor.url}/#/payee`);
  await page.reload();
  await page.getByRole('button', { name: 'Sign in with Ethereum' }).click();
  await page.getByRole('region', { name: 'Periods' }).waitFor();
}

const cleanUp = new CleanUp();
try {
  await main(cleanUp);
} finally {
  await cleanUp.run();
}
