import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { z } from 'zod';

import { developmentKeys } from '../../testing/development-keys.js';
import type { RpcQuestion } from '../../testing/rpc-proxy.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import { multicall3Address } from '../chain/multicall3.js';
import { account } from '../ledger/account.js';
import type { SettlementDoors } from './assemble.js';

Logger.overrideLogger(false);

let world: TestSettlement;
const amount = 10_000_000n;

beforeEach(async () => {
  world = await openTestSettlement();
});
afterEach(async () => {
  await world.close();
});

const isSend = ({ method }: RpcQuestion) => method === 'eth_sendRawTransaction';
const only = (address: string) => new Map([[address.toLowerCase(), amount]]);
const automine = (on: boolean) => world.rpc.call('evm_setAutomine', [on], z.unknown());
const gasSpent = () => world.ledger.balance(world.books.database.dataSource, account.gasSpent(31_337));

const onlyPayout = async (process: SettlementDoors) => {
  const [payout] = (await process.payouts.list()).items;
  return process.payouts.get(payout?.id ?? '');
};

/** The signed bytes of every attempt so far, the first first. */
async function rawTxs(): Promise<string[]> {
  const rows: unknown = await world.books.database.dataSource.query(
    'select raw_tx from payments.attempt order by id',
  );
  return z
    .array(z.object({ raw_tx: z.string() }))
    .parse(rows)
    .map(({ raw_tx }) => raw_tx);
}

/** Signed and in the database, on no node. */
async function signOnly(process: SettlementDoors): Promise<void> {
  world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
  await process.settler.tick();
  world.proxy.decide(() => 'forward');
}

describe('failure cases on the chain', () => {
  it('case 8: a tx that stays stuck is bumped up to the maximum, then said to be stuck, at the same nonce', async () => {
    await world.owe(amount);
    const process = world.process({ feeBumpSeconds: 1, chain: { maxFeeGwei: 6 } });
    await automine(false);
    for (let turn = 0; turn < 6; turn += 1) {
      await process.settler.tick();
      await world.later(2_000);
    }
    const { attempts } = await onlyPayout(process);
    expect(attempts.length).toBeGreaterThan(1);
    expect(new Set(attempts.map(({ nonce }) => nonce))).toEqual(new Set([0n]));
    for (const { maxFeeWei } of attempts) expect(maxFeeWei).toBeLessThanOrEqual(6_000_000_000n);
    const known = attempts.length;
    await process.settler.tick();
    expect((await onlyPayout(process)).attempts).toHaveLength(known);
    expect(await world.books.database.dataSource.query('select trouble from payments.settlement')).toEqual([
      { trouble: 'the fee cannot be raised further: the maximum is reached' },
    ]);
    await automine(true);
    await world.mine(1);
    await world.untilFinal(process);
  });

  it('case 12: after a reorganisation another attempt wins, and what was written down is replaced', async () => {
    const { address } = await world.owe(amount);
    const process = world.process({ feeBumpSeconds: 0 });
    await automine(false);
    world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
    for (let turn = 0; turn < 2; turn += 1) await process.settler.tick();
    const [first, second] = await rawTxs();
    await world.rpc.call('eth_sendRawTransaction', [first], z.string());
    await world.mine(1);
    await process.settler.tick();
    const before = await onlyPayout(process);
    expect(before).toMatchObject({ status: 'mined', txHash: before.attempts[0]?.txHash });

    await world.rpc.call('anvil_reorg', [1, [[second, 0]]], z.unknown());
    await process.settler.tick();
    const after = await onlyPayout(process);
    expect(after).toMatchObject({ status: 'mined', txHash: before.attempts[1]?.txHash });
    expect(await gasSpent()).toBe(0n);
    await automine(true);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address));
    expect((await onlyPayout(process)).txHash).toBe(before.attempts[1]?.txHash);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('case 13: a reorganisation deeper than what was taken for final is taken back in the ledger and paid once', async () => {
    const { id, address } = await world.owe(amount);
    const process = world.process();
    await world.mine(3);
    await process.settler.tick();
    await world.calm();
    await world.mine(2);
    await process.settler.tick();
    expect(await onlyPayout(process)).toMatchObject({ status: 'paid' });
    // The block of the payment and the two on top of it are replaced by empty ones.
    await world.rpc.call('anvil_reorg', [3, []], z.unknown());
    expect(await world.transfers()).toEqual(new Map());
    await process.reconciliation.run();
    expect((await onlyPayout(process)).status).not.toBe('paid');

    await world.mine(1);
    await world.owe(amount);
    await world.later(60_000);
    await process.settler.tick();
    await world.untilFinal(process);
    expect((await world.transfers()).get(address.toLowerCase())).toBe(amount);
    const { items } = await process.payouts.list({ orchestratorId: id });
    expect(items).toMatchObject([{ status: 'paid' }]);
    const inSettlement = account.inSettlement(id);
    expect(await world.ledger.balance(world.books.database.dataSource, inSettlement)).toBe(0n);
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('case 14: the whole tx reverts: its gas is booked, and its payouts are free only when it is final', async () => {
    const { id, address } = await world.owe(amount);
    const process = world.process();
    await signOnly(process);
    const code = await world.rpc.call('eth_getCode', [multicall3Address, 'latest'], z.string());
    // PUSH1 0 PUSH1 0 REVERT
    await world.rpc.call('anvil_setCode', [multicall3Address, '0x60006000fd'], z.unknown());
    await world.later(5_000);
    await process.settler.tick();
    await world.calm();
    await world.rpc.call('anvil_setCode', [multicall3Address, code], z.unknown());
    await process.settler.tick();
    expect(await onlyPayout(process)).toMatchObject({ status: 'mined', settlements: [{ outcome: null }] });
    expect(await gasSpent()).toBe(0n);

    await world.mine(2);
    await process.settler.tick();
    expect(await onlyPayout(process)).toMatchObject({
      status: 'reserved',
      settlements: [{ outcome: 'unused' }],
    });
    expect(await gasSpent()).toBeGreaterThan(0n);
    const inSettlement = account.inSettlement(id);
    expect(await world.ledger.balance(world.books.database.dataSource, inSettlement)).toBe(amount);
    await world.later(60_000);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address));
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('case 16: a token paused after the signature fails every item of a tx that succeeds', async () => {
    const { address } = await world.owe(amount);
    const process = world.process();
    await signOnly(process);
    await world.token.pause();
    await world.later(5_000);
    await process.settler.tick();
    await world.calm();
    await world.mine(2);
    await process.settler.tick();
    const failed = await onlyPayout(process);
    expect(failed).toMatchObject({ status: 'reserved', settlements: [{ outcome: 'unused' }] });
    const receipt = await world.rpc.call(
      'eth_getTransactionReceipt',
      [failed.attempts[0]?.txHash],
      z.object({ status: z.string() }),
    );
    expect(receipt.status).toBe('0x1');
    await world.later(60_000);
    await process.settler.tick();
    expect(process.settler.state().waitsFor).toBe('the token is paused');
    await world.token.unpause();
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address));
  });

  it('case 19: gas above the maximum is waited out before anything is signed', async () => {
    const { address } = await world.owe(amount);
    const process = world.process({ chain: { maxFeeGwei: 20 } });
    await world.rpc.call('anvil_setNextBlockBaseFeePerGas', ['0x174876e800'], z.unknown());
    await world.mine(1);
    await process.settler.tick();
    expect(process.settler.state().waitsFor).toMatch(/^gas costs \d+ wei, above the maximum of 20000000000$/);
    expect(await rawTxs()).toEqual([]);
    await world.rpc.call('anvil_setNextBlockBaseFeePerGas', ['0x3b9aca00'], z.unknown());
    await world.mine(1);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address));
  });

  it('case 35: while finality does not move, payouts wait as mined and are neither paid nor sent again', async () => {
    const { id, address } = await world.owe(amount);
    const process = world.process({ chain: { finality: 'finalized' } });
    const stalled = await world.rpc.call('eth_getBlockByNumber', ['latest', false], z.unknown());
    world.proxy.decide(({ method, params }) =>
      method === 'eth_getBlockByNumber' && params[0] === 'finalized' ? { result: stalled } : 'forward',
    );
    for (let turn = 0; turn < 5; turn += 1) {
      await process.settler.tick();
      await world.mine(20);
      await world.later(60_000);
    }
    expect(await onlyPayout(process)).toMatchObject({ status: 'mined', attempts: [{ seq: 0 }] });
    const inSettlement = account.inSettlement(id);
    expect(await world.ledger.balance(world.books.database.dataSource, inSettlement)).toBe(amount);
    world.proxy.decide(() => 'forward');
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(only(address));
  });

  it.each([
    ['the payment', 0, 1],
    ['the cancel', 1, 2],
  ] as const)(
    'case 36: when %s wins the race of a payment and its cancel, the payout is paid once',
    async (_, winner, settlements) => {
      const { address } = await world.owe(amount);
      const process = world.process();
      await automine(false);
      world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
      await process.settler.tick();
      const [open] = (await process.settlements.list({ state: 'open' })).items;
      await process.settlements.cancel(open?.id ?? '', 'admin');
      await process.settler.tick();
      const raced = await rawTxs();
      expect(raced).toHaveLength(2);
      await world.rpc.call('eth_sendRawTransaction', [raced[winner]], z.string());
      await world.mine(1);
      world.proxy.decide(() => 'forward');
      await automine(true);
      await world.untilFinal(process);
      expect(await world.transfers()).toEqual(only(address));
      expect((await onlyPayout(process)).settlements).toHaveLength(settlements);
      expect(await gasSpent()).toBeGreaterThan(0n);
      expect(await process.reconciliation.run()).toMatchObject({ ok: true });
    },
  );

  it('case 37: a settlement that no node takes holds its lane only until a person gives its nonce up', async () => {
    const poison = await world.owe(amount);
    const process = world.process();
    /** The batch's calldata is long, a cancel's is not. */
    const isPay = (question: RpcQuestion) => isSend(question) && String(question.params[0]).length > 1_000;
    world.proxy.decide((question) =>
      isPay(question) ? { error: { code: -32_000, message: 'exceeds block gas limit' } } : 'forward',
    );
    await process.settler.tick();
    const behind = await world.owe(amount);
    for (let turn = 0; turn < 3; turn += 1) {
      await world.later(60_000);
      await process.settler.tick();
    }
    expect((await process.payouts.list()).items.map(({ status }) => status)).toEqual([
      'reserved',
      'reserved',
    ]);
    const [open] = (await process.settlements.list({ state: 'open' })).items;
    await process.settlements.cancel(open?.id ?? '', 'admin');
    await process.settler.tick();
    await world.calm();
    const nonce = ['eth_getTransactionCount', [open?.fromAddress, 'latest']] as const;
    expect(await world.rpc.call(...nonce, z.string())).toBe('0x1');
    world.proxy.decide(() => 'forward');
    await world.later(60_000);
    await world.untilFinal(process);
    expect(await world.transfers()).toEqual(new Map([...only(poison.address), ...only(behind.address)]));
    expect(await process.reconciliation.run()).toMatchObject({ ok: true });
  });

  it('case 38: signed bytes that leak are worth nothing when their nonce is used', async () => {
    const { address } = await world.owe(amount);
    const process = world.process({ feeBumpSeconds: 0 });
    await automine(false);
    for (let turn = 0; turn < 3; turn += 1) await process.settler.tick();
    await automine(true);
    await world.mine(1);
    await world.untilFinal(process);
    const leaked = await rawTxs();
    expect(leaked.length).toBeGreaterThan(1);
    for (const raw of leaked) {
      await expect(world.rpc.call('eth_sendRawTransaction', [raw], z.string())).rejects.toThrow(
        /nonce too low/,
      );
    }
    await world.mine(3);
    expect(await world.transfers()).toEqual(only(address));
  });

  it('case 39: a token that transfers another amount than it was told to is not taken for paid', async () => {
    const { address } = await world.owe(amount);
    const process = world.process();
    await process.settler.tick();
    await world.calm();
    const [attempt] = (await onlyPayout(process)).attempts;
    // As a token with a fee would write it: one cent less arrives.
    const less = (logs: unknown) =>
      JSON.parse(
        JSON.stringify(logs).replaceAll(
          amount.toString(16).padStart(64, '0'),
          (amount - 10_000n).toString(16).padStart(64, '0'),
        ),
      ) as unknown;
    const receipt = less(await world.rpc.call('eth_getTransactionReceipt', [attempt?.txHash], z.unknown()));
    const logs = less(
      await world.rpc.call(
        'eth_getLogs',
        [{ fromBlock: '0x0', toBlock: 'latest', address: world.token.tokenAddress }],
        z.array(z.unknown()),
      ),
    );
    world.proxy.decide(({ method }) => {
      if (method === 'eth_getTransactionReceipt') return { result: receipt };
      return method === 'eth_getLogs' ? { result: logs } : 'forward';
    });
    await world.mine(3);
    await expect(process.settler.tick()).rejects.toThrow(/another amount or recipient/);
    expect((await onlyPayout(process)).status).toBe('mined');
    expect((await process.reconciliation.run()).ok).toBe(false);
    await world.send(developmentKeys.stranger, { to: address, value: 1n });
    expect((await world.transfers()).get(address.toLowerCase())).toBe(amount);
  });
});
