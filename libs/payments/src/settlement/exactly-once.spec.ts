import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Transaction } from 'ethers';
import { z } from 'zod';

import { developmentKeys } from '../../testing/development-keys.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { account } from '../ledger/account.js';

Logger.overrideLogger(false);

let world: TestSettlement;
const usd = 1_000_000n;

beforeEach(async () => {
  world = await openTestSettlement();
});
afterEach(async () => {
  await world.close();
});

const only = (address: string, microUsd: bigint) => new Map([[address.toLowerCase(), microUsd]]);
const isSend = ({ method }: { method: string }) => method === 'eth_sendRawTransaction';

/** The payload of the settlement signed last. */
async function lastPayload(): Promise<{ to: string; data: string }> {
  const rows: unknown = await world.books.database.dataSource.query(
    'select tx_to as to, tx_data as data from payments.settlement order by nonce desc limit 1',
  );
  const [payload] = z.array(z.object({ to: z.string(), data: z.string() })).parse(rows);
  if (!payload) throw new Error('nothing was signed');
  return payload;
}

describe('a payout is paid exactly once', () => {
  it('when somebody sends the whole batch again', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    await world.untilFinal(process);
    await world.send(developmentKeys.stranger, await lastPayload());
    await world.mine(2);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('when a stranger brings its authorization to the chain before our tx', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
    await process.settler.tick();
    await world.send(developmentKeys.stranger, await lastPayload());
    world.proxy.decide(() => 'forward');
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    const [payout] = (await process.payouts.list()).items;
    const { attempts } = await process.payouts.get(payout?.id ?? '');
    expect(attempts.map(({ txHash }) => txHash)).not.toContain(payout?.txHash);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('when the node takes the tx but its answer is lost', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    world.proxy.decide((question) => (isSend(question) ? 'cut-after' : 'forward'));
    await process.settler.tick();
    const [payout] = (await process.payouts.list()).items;
    expect((await process.payouts.get(payout?.id ?? '')).attempts).toMatchObject([
      { sendState: 'maybe_sent' },
    ]);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
  });

  it.each([
    ['is away', 'cut-before' as const],
    ['limits the rate', { httpStatus: 429 }],
    ['answers nonsense', { result: 'yes' }],
    ['names another hash', { result: `0x${'ab'.repeat(32)}` }],
  ])('when the node %s for a while', async (_, fate) => {
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    world.proxy.decide((question) => (isSend(question) ? fate : 'forward'));
    await process.settler.tick();
    await process.settler.tick();
    world.proxy.decide(() => 'forward');
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    const [payout] = (await process.payouts.list()).items;
    expect((await process.payouts.get(payout?.id ?? '')).attempts).toHaveLength(1);
  });

  it('when two distributors work on the same books at once', async () => {
    const replicas = [world.process(), world.process({}, await world.books.anotherReplica())];
    const owed = new Map<string, bigint>();
    for (let round = 0; round < 3; round += 1) {
      for (let payee = 0; payee < 5; payee += 1) {
        const { address } = await world.owe(10n * usd);
        owed.set(address.toLowerCase(), 10n * usd);
      }
      await Promise.all(replicas.map(({ settler }) => settler.tick()));
      await Promise.all(replicas.map(({ settler }) => settler.tick()));
      await world.mine(2);
    }
    for (const replica of replicas) await world.untilFinal(replica);
    expect(await world.transfers()).toEqual(owed);
    expect(await replicas[0]?.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('when a reorganisation removes its block before it is final', async () => {
    const { id, address } = await world.owe(10n * usd);
    const process = world.process();
    await process.settler.tick();
    await world.calm();
    await process.settler.tick();
    const [mined] = (await process.payouts.list()).items;
    expect(mined?.status).toBe('mined');
    await world.rpc.call('anvil_rollback', [1], z.unknown());
    expect(await world.transfers()).toEqual(new Map());
    await world.mine(1);

    await process.settler.tick();
    const { changes } = await process.payouts.get(mined?.id ?? '');
    expect(changes.at(-1)).toMatchObject({ status: 'sent', detail: expect.stringMatching(/reorganisation/) });
    expect(await world.ledger.balance(world.books.database.dataSource, account.inSettlement(id))).toBe(
      10n * usd,
    );
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    const paid = await process.payouts.get(mined?.id ?? '');
    expect(paid.attempts).toHaveLength(1);
    expect(paid.txHash).toBe(mined?.txHash);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('when its fee is raised and the first attempt is mined all the same', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process({ feeBumpSeconds: 0 });
    await world.rpc.call('evm_setAutomine', [false], z.unknown());
    const sent: string[] = [];
    world.proxy.decide((question) => {
      if (!isSend(question)) return 'forward';
      sent.push(z.string().parse(question.params[0]));
      // The replacements never arrive.
      return sent.length === 1 ? 'forward' : { error: { code: -32_000, message: 'already known' } };
    });
    await process.settler.tick();
    await process.settler.tick();
    await process.settler.tick();
    const [payout] = (await process.payouts.list()).items;
    const { attempts } = await process.payouts.get(payout?.id ?? '');
    expect(attempts.length).toBeGreaterThan(1);
    expect(new Set(attempts.map(({ nonce }) => nonce))).toEqual(new Set([0n]));
    for (const [index, { maxFeeWei, priorityFeeWei }] of attempts.entries()) {
      const before = attempts[index - 1];
      if (!before) continue;
      expect(maxFeeWei * 8n).toBeGreaterThanOrEqual(before.maxFeeWei * 9n);
      expect(priorityFeeWei * 8n).toBeGreaterThanOrEqual(before.priorityFeeWei * 9n);
    }
    expect(new Set(sent.map((raw) => Transaction.from(raw).data)).size).toBe(1);
    await world.rpc.call('evm_setAutomine', [true], z.unknown());
    await world.mine(1);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    expect((await process.payouts.get(payout?.id ?? '')).txHash).toBe(attempts[0]?.txHash);
  });

  it('when the gas payer’s key is used by another program between signing and sending', async () => {
    const { address } = await world.owe(10n * usd);
    const process = world.process();
    world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
    await process.settler.tick();
    await world.send(developmentKeys.gasPayer, { to: world.payer, value: 1n });
    world.proxy.decide(() => 'forward');
    await world.mine(2);
    await process.settler.tick();
    await process.settler.tick();
    expect(await world.transfers()).toEqual(new Map());
    await world.later(60_000);
    await process.settler.tick();
    expect(process.settler.state().waitsFor).toMatch(/nonce 0 was used by a tx that is not ours/);

    await process.payouts.resume('admin');
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
  });
});
