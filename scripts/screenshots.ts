import { Wallet } from 'ethers';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { addOrchestrators, createBooks, startServer } from '../bench/books/bench-books.js';
import { type DistributorProgram, startDistributorProgram } from '../bench/dashboard/distributor-program.js';
import { fillHistory } from '../bench/dashboard/fill-history.js';
import { CleanUp } from '../bench/run/clean-up.js';
import { onlyForPictures } from './screenshots/wallet.js';

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const names = [
  'atlas',
  'borealis',
  'cobalt',
  'delphi',
  'ember',
  'fjord',
  'gale',
  'harbour',
  'iris',
  'juniper',
  'kestrel',
  'lumen',
];

const desktop = { viewport: { width: 1280, height: 860 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

/** `npm run screenshots`: the pictures of the documentation, from books that are filled by SQL and a real distributor. */
async function main(cleanUp: CleanUp): Promise<void> {
  const key = Wallet.createRandom();
  const server = await startServer(cleanUp);
  const { url, owner } = await createBooks(server, 'pictures', cleanUp);
  const now = new Date();
  const payees = names.map((name, number) => ({
    url: `http://${name}`,
    address: number === 0 ? key.address : `0x${(number + 1).toString(16).padStart(40, '0')}`,
  }));
  await addOrchestrators(owner, payees, new Date(now.getTime() - 30 * 86_400_000));
  await fillHistory(owner, now, { days: 30, assessedHours: 3, reportedMinutes: 130 });
  const distributor = await startDistributorProgram(url, cleanUp);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  cleanUp.add(() => browser.close());
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
    await take(`payee${suffix}`, { ...desktop, colorScheme }, (page) => payee(page, distributor, key));
    await take(`phone${suffix}`, { ...phone, colorScheme }, (page) => onAir(page, distributor));
  }
}

async function signIn(page: Page, { password }: DistributorProgram): Promise<void> {
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByText('Live', { exact: true }).waitFor();
}

async function onAir(page: Page, distributor: DistributorProgram): Promise<void> {
  await signIn(page, distributor);
  await page.getByRole('slider').first().waitFor();
}

async function money(page: Page, distributor: DistributorProgram): Promise<void> {
  await signIn(page, distributor);
  await page.goto(`${distributor.url}/#/money`);
  await page.getByRole('button', { name: 'Days' }).click();
  await page.locator('.u-over').waitFor();
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
