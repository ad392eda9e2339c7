import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { z } from 'zod';

import { developmentKeys } from '../../testing/development-keys.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { account } from '../ledger/account.js';
import { onReadOnlyBooks } from '../verification/read-only-books.js';
import { verifyBooks } from '../verification/verify-books.js';

Logger.overrideLogger(false);

let world: TestSettlement;
const usd = 1_000_000n;

beforeEach(async () => {
  world = await openTestSettlement();
});
afterEach(async () => {
  await world.close();
});

const balance = (code: string) => world.ledger.balance(world.books.database.dataSource, code);
const rollBack = (blocks: number) => world.rpc.call('anvil_rollback', [blocks], z.unknown());
const height = () => world.rpc.call('eth_blockNumber', [], z.string().transform(Number));
const only = (address: string, microUsd: bigint) => new Map([[address.toLowerCase(), microUsd]]);

describe('a reorganisation that is deeper than finality', () => {
  it('case 13: puts the payment in doubt again, sends the same bytes, and pays once', async () => {
    const process = world.process({ checkSeconds: 0 });
    await process.settler.tick();
    const { id, address } = await world.owe(10n * usd);
    await world.untilFinal(process);
    const [paid] = (await process.payouts.list()).items;
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
    const gas = await balance(account.gasSpent(31_337));

    await rollBack(3);
    expect(await world.transfers()).toEqual(new Map());
    // Empty blocks take the place of those that were final.
    await world.mine(4);
    await process.settler.tick();
    expect((await process.payouts.list()).items).toMatchObject([{ status: 'sent', paidAt: null }]);
    expect(await balance(account.inSettlement(id))).toBe(10n * usd);
    expect(await balance(account.gasSpent(31_337))).toBe(0n);

    await world.later(5_000);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address, 10n * usd));
    const after = await process.payouts.get(paid?.id ?? '');
    expect(after).toMatchObject({ status: 'paid', txHash: paid?.txHash, reorgs: 1 });
    expect(after.attempts).toHaveLength(1);
    expect(await balance(account.inSettlement(id))).toBe(0n);
    expect(await balance(account.gasSpent(31_337))).toBeGreaterThanOrEqual(gas / 2n);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
    const { checks } = await onReadOnlyBooks(world.books.url, (sql) => verifyBooks(sql));
    // The debt of this test was not assessed.
    expect(checks.filter(({ name, found }) => name !== 'accruals' && found > 0)).toEqual([]);
  });

  it('takes back what came into the treasury, and a payment that a stranger brought to the chain', async () => {
    const process = world.process({ checkSeconds: 0 });
    await process.settler.tick();
    const begin = await height();
    const { id, address } = await world.owe(10n * usd);
    world.proxy.decide(({ method }) => (method === 'eth_sendRawTransaction' ? 'cut-before' : 'forward'));
    await process.settler.tick();
    const [{ to, data } = { to: '', data: '' }] = z
      .array(z.object({ to: z.string(), data: z.string() }))
      .parse(
        await world.books.database.dataSource.query(
          'select tx_to as to, tx_data as data from payments.settlement',
        ),
      );
    await world.send(developmentKeys.stranger, { to, data });
    await world.token.mint(world.payer, 5n * usd);
    world.proxy.decide(() => 'forward');
    await world.later(5_000);
    await world.untilFinal(process);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
    const treasury = account.treasury(31_337, world.token.tokenAddress);
    const before = await balance(treasury);

    await rollBack((await height()) - begin);
    await world.mine(9);
    await process.settler.tick();
    expect(await balance(account.inSettlement(id))).toBe(10n * usd);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
    await world.later(60_000);
    await world.untilFinal(process);
    expect((await world.transfers()).get(address.toLowerCase())).toBe(10n * usd);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true, differences: [] });
    expect(await balance(treasury)).toBeLessThanOrEqual(before);
  });
});
