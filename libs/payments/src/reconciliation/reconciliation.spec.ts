import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Wallet } from 'ethers';

import { developmentKeys } from '../../testing/development-keys.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { signAuthorization } from '../chain/authorization.js';
import { account } from '../ledger/account.js';

Logger.overrideLogger(false);

let world: TestSettlement;
const usd = 1_000_000n;
const stranger = new Wallet(developmentKeys.stranger);

beforeEach(async () => {
  world = await openTestSettlement();
});
afterEach(async () => {
  await world.close();
});

/** The treasury's key in other hands. */
async function payBesides(microUsd: bigint): Promise<void> {
  const domain = {
    name: 'USD Coin',
    version: '2',
    chainId: 31_337n,
    verifyingContract: world.token.tokenAddress,
  };
  const data = await signAuthorization(new Wallet(developmentKeys.payer), domain, {
    ...{ from: world.payer, to: stranger.address, value: microUsd },
    ...{ validBefore: 2n ** 40n, nonce: `0x${'5'.repeat(64)}` },
  });
  await world.send(developmentKeys.stranger, { to: world.token.tokenAddress, data });
  await world.mine(2);
}

describe('the reconciliation', () => {
  it('agrees from a reservation to a final block, at every step between', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    for (let turn = 0; turn < 5; turn += 1) {
      await process.settler.tick();
      expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
      await world.mine(1);
    }
    expect((await process.payouts.list()).items).toMatchObject([{ status: 'paid' }]);
    const { checkedAtBlock } = await process.reconciliation.run();
    expect(checkedAtBlock).toBeGreaterThan(0n);
  });

  it('agrees before the settler has come to what is already final', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    await process.settler.tick();
    await world.mine(3);
    // The books do not know yet that our tx has a block: what it has cost is not taken for somebody else's.
    const early = await process.reconciliation.run();
    expect(early).toMatchObject({ ok: true });
    expect(early.accounts.map(({ unit }) => unit)).not.toContain('gwei');
    await world.untilFinal(process);
    const late = await process.reconciliation.run();
    expect(late).toMatchObject({ ok: true, differences: [] });
    expect(late.accounts.map(({ unit }) => unit)).toContain('gwei');
  });

  it('opens the gas payer’s account in books whose older txs have posted gas without its cost in their row', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    await world.untilFinal(process);
    await world.books.owner.query('update payments.settlement set gas_cost_wei = null');
    for (let runs = 0; runs < 2; runs += 1) {
      const report = await process.reconciliation.run();
      expect(report).toMatchObject({ ok: true, differences: [] });
      expect(report.accounts.map(({ unit }) => unit)).toContain('gwei');
      await world.owe(10n * usd);
      await world.untilFinal(process);
    }
  });

  it('names money that left the treasury without the books, and nothing more is signed', async () => {
    await world.owe(10n * usd);
    const process = world.process();
    await world.untilFinal(process);
    await payBesides(5n * usd);
    const report = await process.reconciliation.run();
    const treasury = account.treasury(31_337, world.token.tokenAddress);
    expect(report.ok).toBe(false);
    expect(report.differences).toContainEqual({
      account: treasury,
      ledgerMicroUsd: 999_990n * usd,
      chainMicroUsd: 999_985n * usd,
      detail: expect.stringMatching(/^the ledger says that the treasury holds/),
    });
    expect(report.differences).toContainEqual({
      account: treasury,
      ledgerMicroUsd: 0n,
      chainMicroUsd: 5n * usd,
      detail: expect.stringContaining(stranger.address),
    });
    await world.owe(10n * usd);
    await process.settler.tick();
    expect(process.settler.state().waitsFor).toMatch(
      /\$5\.000000 .* by an authorization that these books do not know/,
    );
    expect(await process.payouts.pauseInForce()).toMatchObject({ actor: 'settlement' });
    expect((await process.payouts.list({ status: 'reserved' })).items).toEqual([]);
  });

  it('names a payment in the ledger that the chain does not have, by its account', async () => {
    const { id } = await world.owe(10n * usd);
    const process = world.process();
    world.proxy.decide(({ method }) => (method === 'eth_sendRawTransaction' ? 'cut-before' : 'forward'));
    await process.settler.tick();
    const [payout] = (await process.payouts.list()).items;
    await world.ledger.post(world.books.database.dataSource.manager, {
      kind: 'paid',
      idempotencyKey: `payout/${payout?.id ?? ''}/paid`,
      effectiveAt: new Date(),
      transfers: [
        {
          debit: account.inSettlement(id),
          credit: account.treasury(31_337, world.token.tokenAddress),
          amountMicroUsd: 10n * usd,
        },
      ],
    });
    await world.mine(3);
    const { ok, differences } = await process.reconciliation.run();
    expect(ok).toBe(false);
    expect(differences.map((difference) => difference.account)).toEqual([
      account.inSettlement(id),
      account.treasury(31_337, world.token.tokenAddress),
    ]);
    expect(differences[0]?.detail).toBe(
      `the payout ${payout?.id ?? ''} is paid in the ledger, but no authorization of it was used on the chain`,
    );
  });
});
