import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { defaultServices } from '#monitoring';

import { chromiumIsInstalled, complaintsOf, openBrowser } from '../support/browser.js';
import { BusyboxServices, dockerAnswers, socketPath } from '../support/busybox-services.js';
import { sentByTransferEvents } from '../support/chain-transfers.js';
import { DistributorClient } from '../support/distributor-client.js';
import {
  makeStateDir,
  removeStateDir,
  runProgram,
  type StackFacts,
  StackRun,
} from '../support/local-stack.js';
import { waitUntil } from '../support/wait-until.js';

const required = process.env.REQUIRE_DOCKER === '1';
const onEngine = required || (await dockerAnswers()) ? describe : describe.skip;

const inChromium = required || (await chromiumIsInstalled()) ? it : it.skip;

onEngine('the loop on a real Docker Engine', () => {
  let stateDir: string;
  let containers: BusyboxServices;
  let run: StackRun;
  let facts: StackFacts;
  let client: DistributorClient;

  const start = async (periodSeconds?: number) => {
    run = new StackRun({
      stateDir,
      ...(periodSeconds !== undefined && { periodSeconds }),
      environment: { DOCKER_HOST: `unix://${socketPath}`, MONITORED_SERVICES: containers.names.join(',') },
    });
    facts = await run.facts();
    client = await DistributorClient.signIn(facts.distributor_url, facts.admin_password);
  };

  beforeAll(async () => {
    stateDir = await makeStateDir();
    containers = await BusyboxServices.start(defaultServices);
    await start(5);
  }, 180_000);

  afterAll(async () => {
    await run.stop();
    await containers.remove();
    await removeStateDir(stateDir);
  }, 120_000);

  const booksMatchTheChain = async () => {
    const sums = await client.balances();
    for (const balance of sums) {
      expect(balance.accrued_usd + balance.adjusted_usd).toBe(
        balance.payable_usd + balance.in_settlement_usd + balance.paid_usd,
      );
    }
    const paid = sums.reduce((sum, { paid_usd }) => sum + paid_usd, 0n);
    const sent = await sentByTransferEvents(facts.rpc_url, facts.token_address, facts.payer_address);
    return { paid, sent };
  };

  it('watches the named containers and not demonstration ones', () => {
    expect(facts.docker).toBe('engine');
    expect(run.output()).toMatch(/your own containers \(7 of 7 services\)/);
  });

  it('pays for minutes on air, not for a killed container, and again once it is back', async () => {
    const [, , agent = ''] = containers.names;
    await run.line(/100\.00 % up {2}✔ paid/);
    await containers.kill(agent);
    await run.line(new RegExp(`✘ unpaid: .*${agent}`), { from: run.now() });
    await containers.restore(agent);
    await run.line(/100\.00 % up {2}✔ paid/, { from: run.now() });
  }, 120_000);

  it('follows the money to a final block: what the ledger paid is what the token moved', async () => {
    await waitUntil('a paid payout', async () =>
      (await client.payments()).some(({ status }) => status === 'paid'),
    );
    const { paid } = await waitUntil('ledger and chain at one point', async () => {
      const sums = await booksMatchTheChain();
      return sums.paid > 0n && sums.paid === sums.sent ? sums : undefined;
    });
    expect(paid).toBeGreaterThan(0n);
    expect(await client.reconciliation()).toMatchObject({ ok: true, differences: [] });
  }, 120_000);

  it('pays the next full period by a changed rate, and no period before it', async () => {
    const [orchestrator] = z
      .object({ items: z.array(z.object({ id: z.string() })) })
      .parse(await client.request('/orchestrators')).items;
    const changed = z.object({ effective_from: z.string() }).parse(
      await client.request(`/orchestrators/${orchestrator?.id ?? ''}/rate`, {
        method: 'PUT',
        body: JSON.stringify({ usd_per_minute: '24.000000' }),
      }),
    );
    await run.line(/100\.00 % up {2}✔ paid \$2\.00/, { from: run.now() });
    const paid = (await client.assessments()).filter(({ decision }) => decision === 'paid');
    for (const { period_start, amount_usd } of paid) {
      const expected = period_start < changed.effective_from ? [833_333n, 833_334n] : [2_000_000n];
      expect(expected).toContain(amount_usd);
    }
    expect(paid.some(({ amount_usd }) => amount_usd === 2_000_000n)).toBe(true);
  }, 120_000);

  inChromium(
    'says on its page who is on air, and to who signs in, what was paid',
    async () => {
      const browser = await openBrowser();
      try {
        const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
        const complaints = complaintsOf(page);
        await page.goto(facts.distributor_url);
        await page.getByText('On air').first().waitFor();
        expect(await page.getByText('$').count()).toBe(0);
        await page.locator('input[type=password]').fill(facts.admin_password);
        await page.keyboard.press('Enter');
        await page.locator('.fleet-who a').first().click();
        await page.getByRole('region', { name: 'Periods' }).getByText('$2.00').first().waitFor();
        for (const name of containers.names) await page.getByText(name).first().waitFor();
        const width = await page.evaluate('document.documentElement.scrollWidth');
        expect(width).toBe(390);
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    60_000,
  );

  it('shows every step of the flow with a tick', async () => {
    const { code, output } = await runProgram('scripts/verify-complete-flow.js', [], stateDir);
    expect({ code, output }).toMatchObject({ code: 0 });
  }, 120_000);

  it('keeps the books over a restart and pays nothing twice', async () => {
    const before = await client.assessments();
    expect(await run.stop()).toBe(0);
    await start();
    const after = await client.assessments();
    for (const { id, decision, amount_usd } of before.filter((item) => item.decision !== 'pending')) {
      expect(after.find((item) => item.id === id)).toMatchObject({ decision, amount_usd });
    }
    const periods = after.map(({ orchestrator_id, period_start }) => `${orchestrator_id} ${period_start}`);
    expect(new Set(periods).size).toBe(periods.length);
    await waitUntil('ledger and chain at one point', async () => {
      const { paid, sent } = await booksMatchTheChain();
      return paid === sent;
    });
    expect(await client.reconciliation()).toMatchObject({ ok: true });
  }, 180_000);
});
