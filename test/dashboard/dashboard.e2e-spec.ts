import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Wallet } from 'ethers';
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import { chromiumIsInstalled, openBrowser } from '../support/browser.js';
import { DistributorClient } from '../support/distributor-client.js';
import {
  makeStateDir,
  removeStateDir,
  runProgram,
  type StackFacts,
  StackRun,
} from '../support/local-stack.js';
import { waitUntil } from '../support/wait-until.js';
import { faultsOn, overflowOf, phone, violationsOn } from './support/accessibility.js';
import { watchOutage } from './support/outage.js';
import { signInAsPayer, visit, type Visitor } from './support/visitor.js';
import { injectWallet } from './support/wallet.js';

const page = z.object({ items: z.array(z.looseObject({ id: z.string(), status: z.string() })) });

const withChromium =
  (await chromiumIsInstalled()) || process.env.REQUIRE_DOCKER === '1' ? describe : describe.skip;

/** One local stack without Docker, periods of five seconds, and a real browser for everybody who visits. */
withChromium('the dashboard in a real Chromium', () => {
  let stateDir: string;
  let run: StackRun;
  let facts: StackFacts;
  let browser: Browser;
  let client: DistributorClient;
  let orchestrator: string;
  /** It lasts many periods: begun at once, so that other tests have passed before its end. */
  let outage: Promise<void>;

  beforeAll(async () => {
    stateDir = await makeStateDir();
    run = new StackRun({
      stateDir,
      periodSeconds: 5,
      environment: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    });
    facts = await run.facts();
    browser = await openBrowser();
    client = await DistributorClient.signIn(facts.distributor_url, facts.admin_password);
    [orchestrator = ''] = page.parse(await client.request('/orchestrators')).items.map(({ id }) => id);
    // Something of everything is in the books.
    await waitUntil('a final payout', async () =>
      (await client.payments()).some(({ status }) => status === 'paid'),
    );
    outage = Promise.all([payer(), payer()]).then((visitors) => watchOutage(visitors, { services, client }));
    // Its own test tells.
    outage.catch(() => undefined);
  }, 180_000);

  afterAll(async () => {
    await browser.close();
    await run.stop();
    await removeStateDir(stateDir);
  }, 60_000);

  const payer = async (options = {}): Promise<Visitor> => {
    const visitor = await visit(browser, facts.distributor_url, options);
    await signInAsPayer(visitor, facts);
    return visitor;
  };

  const services = (command: 'stop' | 'start', name: string) =>
    runProgram('apps/local/src/services.js', [command, name, '--state', stateDir], stateDir);

  const views = async () => {
    const [payout] = await client.payments();
    return [
      '',
      'money',
      'payouts',
      `payouts/${payout?.id ?? ''}`,
      'orchestrators',
      `orchestrators/${orchestrator}`,
      'rates',
      'alerts',
      'audit',
    ];
  };

  it('is accessible to everybody on every view, light and dark, fits a phone, and complains about nothing', async () => {
    const all = await views();
    const look = async (paths: readonly string[]) => {
      const visitor = await visit(browser, facts.distributor_url);
      expect(await faultsOn(visitor.page)).toEqual([]);
      await signInAsPayer(visitor, facts);
      for (const path of paths) {
        await visitor.see(path);
        expect({ path, faults: await faultsOn(visitor.page) }).toEqual({ path, faults: [] });
      }
      expect(visitor.complaints).toEqual([]);
      await visitor.close();
    };
    // Each on a core of its own.
    await Promise.all([look(all.slice(0, 5)), look(all.slice(5))]);
  }, 180_000);

  it('loads less than 300 kB before anybody has signed in, all of it from the server itself', async () => {
    const context = await browser.newContext();
    const visitor = await context.newPage();
    const session = await context.newCDPSession(visitor);
    const received: number[] = [];
    const elsewhere: string[] = [];
    session.on('Network.loadingFinished', ({ encodedDataLength }) => received.push(encodedDataLength));
    visitor.on('request', (request) => {
      if (!request.url().startsWith(facts.distributor_url)) elsewhere.push(request.url());
    });
    await session.send('Network.enable');
    await visitor.goto(facts.distributor_url, { waitUntil: 'networkidle' });
    const bytes = received.reduce((sum, each) => sum + each, 0);
    expect(bytes).toBeGreaterThan(30_000);
    expect(bytes).toBeLessThan(300_000);
    expect(elsewhere).toEqual([]);
    await context.close();
  }, 60_000);

  it(
    'shows a service go down, lets its alert be silenced, and shows the service come back, all without being asked',
    () => outage,
    150_000,
  );

  it('tells the reason of a bar on the pointer and on the arrow keys', async () => {
    const visitor = await payer();
    const strip = visitor.page.getByRole('slider').first();
    await strip.waitFor();
    await strip.hover();
    await visitor.page.getByRole('tooltip').waitFor();
    await visitor.page.mouse.move(0, 0);
    await visitor.page.getByRole('tooltip').waitFor({ state: 'detached' });
    await strip.focus();
    expect(await visitor.page.getByRole('tooltip').textContent()).toMatch(/% up|Nothing was judged/);
    await visitor.page.keyboard.press('Home');
    expect(await strip.getAttribute('aria-valuenow')).toBe('0');
    expect(await strip.getAttribute('aria-valuetext')).toMatch(/judged|up/);
    await visitor.close();
  }, 60_000);

  it('changes a rate, and the next period is paid by it', async () => {
    const visitor = await payer();
    await visitor.see(`orchestrators/${orchestrator}`);
    await visitor.page.getByRole('button', { name: 'Change rate' }).click();
    await visitor.page.getByLabel('US dollars per minute').fill('24');
    await visitor.page.getByRole('button', { name: 'Set rate' }).click();
    await visitor.page.getByText(/The new rate holds from/).waitFor();
    // Five seconds of 24 dollars a minute.
    await visitor.page.getByRole('region', { name: 'Periods' }).getByText('$2.00').first().waitFor();
    await visitor.see('audit');
    await visitor.page
      .getByText(/rate changed/)
      .first()
      .waitFor();
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  }, 90_000);

  it('says what is wrong with a rate beside its field', async () => {
    const visitor = await payer();
    await visitor.see('rates');
    await visitor.page.getByRole('button', { name: 'Change default rate' }).click();
    await visitor.page.getByLabel('US dollars per minute').fill('a lot');
    await visitor.page.getByRole('button', { name: 'Set rate' }).click();
    await visitor.page.locator('.field .wrong').waitFor();
    await visitor.page.keyboard.press('Escape');
    await visitor.page.getByRole('dialog').waitFor({ state: 'detached' });
    await visitor.close();
  }, 60_000);

  it('pauses payouts with a reason, and another window shows it until they run again', async () => {
    const [one, two] = await Promise.all([payer(), payer()]);
    await two.see('money');
    await one.see('payouts');
    await one.page.getByRole('button', { name: 'Pause payouts' }).click();
    await one.page.getByLabel('Reason').fill('Checking a strange balance');
    await one.page.getByRole('button', { name: 'Pause', exact: true }).click();
    await two.page
      .getByText(/Checking a strange balance/)
      .first()
      .waitFor();
    expect(await client.request('/payouts')).toMatchObject({ paused: true });
    await two.page.getByRole('button', { name: 'Resume payouts' }).click();
    await one.page.getByRole('button', { name: 'Pause payouts' }).waitFor();
    expect(await client.request('/payouts')).toMatchObject({ paused: false });
    expect([...one.complaints, ...two.complaints]).toEqual([]);
    await Promise.all([one.close(), two.close()]);
  }, 90_000);

  it('follows a payout to its final block', async () => {
    const visitor = await payer();
    await visitor.see('money');
    const known = new Set((await client.payments()).map(({ id }) => id));
    const id = await waitUntil(
      'a new payout',
      async () => (await client.payments()).find((each) => !known.has(each.id))?.id,
    );
    await visitor.see(`payouts/${id}`);
    const timeline = visitor.page.locator('.timeline');
    for (const state of ['Reserved', 'Mined', 'Paid'])
      await timeline.getByText(state, { exact: true }).first().waitFor();
    await visitor.page
      .getByText(/in block \d+/)
      .first()
      .waitFor();
    expect(await visitor.page.getByRole('region', { name: 'Attempts' }).textContent()).toContain('0x');
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  }, 90_000);

  it('admits that it is not connected, says how old its facts are, and comes back by itself', async () => {
    const visitor = await payer();
    await visitor.page.context().setOffline(true);
    await visitor.page.getByText(/Not connected\. What you see is \d+ s old\./).waitFor();
    await visitor.page.context().setOffline(false);
    await visitor.page.getByText('Live', { exact: true }).waitFor();
    await visitor.close();
  }, 90_000);

  it('lets a payee in by its key, and shows its own: uptime, reasons, payouts, statement, evidence', async () => {
    const key = Wallet.createRandom();
    await client.request(`/orchestrators/${orchestrator}`, {
      method: 'PATCH',
      body: JSON.stringify({ payout_address: key.address }),
    });
    const visitor = await visit(browser, `${facts.distributor_url}/#/payee`, { wallet: key });
    await visitor.page.getByRole('button', { name: 'Sign in with Ethereum' }).click();
    await visitor.page.getByText('signed in as').waitFor();
    await visitor.page.getByRole('slider').first().waitFor();
    const periods = visitor.page.getByRole('region', { name: 'Periods' });
    await periods
      .getByText(/Up 100\.00 %, above 95 %/)
      .first()
      .waitFor();
    const [file] = await Promise.all([
      visitor.page.waitForEvent('download'),
      periods.getByRole('button', { name: 'Download' }).first().click(),
    ]);
    expect(file.suggestedFilename()).toBe('evidence.json');
    await visitor.page.getByRole('region', { name: 'Payouts' }).getByRole('link').first().click();
    await visitor.page.locator('.timeline').waitFor();
    expect(await visitor.page.getByText('Audit log').count()).toBe(0);
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  }, 90_000);

  it('is accessible to a payee too, and fits the phone', async () => {
    const visitor = await visit(browser, `${facts.distributor_url}/#/payee`, {
      viewport: phone,
      colorScheme: 'dark',
    });
    expect(await violationsOn(visitor.page)).toEqual([]);
    const key = Wallet.createRandom();
    await client.request(`/orchestrators/${orchestrator}`, {
      method: 'PATCH',
      body: JSON.stringify({ payout_address: key.address }),
    });
    await injectWallet(visitor.page, key);
    await visitor.page.reload();
    await visitor.page.getByRole('button', { name: 'Sign in with Ethereum' }).click();
    await visitor.page.getByRole('slider').first().waitFor();
    await visitor.page.getByRole('region', { name: 'Periods' }).waitFor();
    expect(await violationsOn(visitor.page)).toEqual([]);
    expect(await overflowOf(visitor.page)).toBe(0);
    await visitor.close();
  }, 90_000);

  it('refuses somebody who is paid nothing', async () => {
    const visitor = await visit(browser, `${facts.distributor_url}/#/payee`, {
      wallet: Wallet.createRandom(),
    });
    await visitor.page.getByRole('button', { name: 'Sign in with Ethereum' }).click();
    await visitor.page.getByText(/Nothing is paid to 0x/).waitFor();
    await visitor.close();
  }, 60_000);
});
