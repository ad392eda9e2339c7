import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { z } from 'zod';

import { type RpcProxy, type RpcQuestion, startRpcProxy } from '../../testing/rpc-proxy.js';
import { openTestSettlement, type TestSettlement } from '../../testing/test-settlement.js';
import type { SettlementDoors } from './assemble.js';

Logger.overrideLogger(false);

let world: TestSettlement;
/** Another node of the same chain. */
let other: RpcProxy;
const amount = 10_000_000n;

beforeAll(async () => {
  world = await openTestSettlement();
  other = await startRpcProxy(world.anvil.rpcUrl);
});
afterEach(() => {
  world.proxy.decide(() => 'forward');
  other.decide(() => 'forward');
});
afterAll(async () => {
  await other.stop();
  await world.close();
});

const isSend = ({ method }: RpcQuestion) => method === 'eth_sendRawTransaction';

const payoutOf = async (process: SettlementDoors, address: string) => {
  const payout = (await process.payouts.list({ limit: 200 })).items.find((p) => p.payoutAddress === address);
  return process.payouts.get(payout?.id ?? '');
};

async function expectPaidOnce(process: SettlementDoors, address: string) {
  await world.untilFinal(process);
  expect((await world.transfers()).get(address.toLowerCase())).toBe(amount);
  const payout = await payoutOf(process, address);
  expect(payout.status).toBe('paid');
  return payout;
}

describe('failure cases between us and the nodes', () => {
  it('case 2: the tx was sent, the process died before the answer, and its bytes are sent again', async () => {
    const { address } = await world.owe(amount);
    const dying = world.process();
    world.proxy.decide((question) => (isSend(question) ? 'cut-after' : 'forward'));
    await dying.settler.tick();
    await world.calm();
    // The successor does not look for the receipt first: a node that hides it.
    world.proxy.decide(({ method }) =>
      method === 'eth_getTransactionReceipt' ? { result: null } : 'forward',
    );
    const successor = world.process();
    await world.later(5_000);
    await successor.settler.tick();
    world.proxy.decide(() => 'forward');
    expect((await expectPaidOnce(successor, address)).attempts).toHaveLength(1);
  });

  it('case 4: the tx is accepted while every other question fails', async () => {
    const { address } = await world.owe(amount);
    const process = world.process();
    let hasSent = false;
    world.proxy.decide((question) => {
      hasSent ||= isSend(question);
      return hasSent && !isSend(question) ? 'cut-before' : 'forward';
    });
    await process.settler.tick();
    expect(await payoutOf(process, address)).toMatchObject({
      status: 'sent',
      attempts: [{ sendState: 'accepted' }],
    });
    world.proxy.decide(() => 'forward');
    await expectPaidOnce(world.process(), address);
  });

  it.each([{ httpStatus: 429 }, { httpStatus: 503 }])(
    'case 5: nodes answer %j for minutes, and neither a nonce nor a state is lost',
    async (fate) => {
      const { address } = await world.owe(amount);
      const process = world.process();
      world.proxy.decide((question) => (isSend(question) ? 'cut-before' : 'forward'));
      await process.settler.tick();
      const before = await payoutOf(process, address);
      world.proxy.decide(() => fate);
      for (let minute = 0; minute < 5; minute += 1) {
        await world.later(60_000);
        await world.process().settler.tick();
      }
      const after = await payoutOf(process, address);
      expect(after.attempts).toEqual(before.attempts);
      expect(after.status).toBe('reserved');
      world.proxy.decide(() => 'forward');
      const paid = await expectPaidOnce(world.process(), address);
      expect(new Set(paid.attempts.map(({ nonce }) => nonce)).size).toBe(1);
    },
  );

  it('case 6: a node that hides every receipt concludes nothing, while another one shows them', async () => {
    const { address } = await world.owe(amount);
    other.decide(({ method }) => (method === 'eth_getTransactionReceipt' ? { result: null } : 'forward'));
    const rpcUrls = [other.url, world.proxy.url, world.anvil.rpcUrl];
    const process = world.process({ chain: { rpcUrls } });
    const paid = await expectPaidOnce(process, address);
    expect(paid.settlements).toMatchObject([{ outcome: 'paid' }]);
    expect(process.settler.state().waitsFor).toBeNull();
  });

  it('case 6: while the only node hides a receipt the payout is not given to another tx', async () => {
    const { address } = await world.owe(amount);
    const process = world.process();
    await process.settler.tick();
    await world.calm();
    world.proxy.decide(({ method }) =>
      method === 'eth_getTransactionReceipt' ? { result: null } : 'forward',
    );
    for (let turn = 0; turn < 3; turn += 1) {
      await world.later(60_000);
      await process.settler.tick();
    }
    expect((await payoutOf(process, address)).settlements).toHaveLength(1);
    world.proxy.decide(() => 'forward');
    await expectPaidOnce(process, address);
  });

  it('case 7: a node that was moved to another chain gets no tx and is not believed', async () => {
    const { address } = await world.owe(amount);
    other.decide(({ method }) => (method === 'eth_chainId' ? { result: '0x1' } : 'forward'));
    const asked = other.questions.length;
    const process = world.process({ chain: { rpcUrls: [other.url, world.proxy.url, world.anvil.rpcUrl] } });
    await expectPaidOnce(process, address);
    const methods = new Set(other.questions.slice(asked).map(({ method }) => method));
    expect(methods).toEqual(new Set(['eth_chainId']));
  });

  it('case 10: a tx that every pool has dropped is sent again, the same bytes', async () => {
    const { address } = await world.owe(amount);
    const process = world.process();
    await world.rpc.call('evm_setAutomine', [false], z.unknown());
    await process.settler.tick();
    const [attempt] = (await payoutOf(process, address)).attempts;
    await world.rpc.call('anvil_dropTransaction', [attempt?.txHash], z.unknown());
    await world.rpc.call('evm_setAutomine', [true], z.unknown());
    await world.mine(3);
    expect((await world.transfers()).has(address.toLowerCase())).toBe(false);
    await world.later(5_000);
    const paid = await expectPaidOnce(process, address);
    expect(paid.attempts.map(({ txHash }) => txHash)).toEqual([attempt?.txHash]);
  });

  it('case 21: a distributor that froze between signing and sending wakes when all is paid', async () => {
    const { address } = await world.owe(amount);
    const frozen = world.process();
    let wake: (value?: unknown) => void = () => undefined;
    const until = new Promise((woken) => (wake = woken));
    let asleep: () => void = () => undefined;
    const isAsleep = new Promise<void>((slept) => (asleep = slept));
    world.proxy.decide((question) => {
      if (!isSend(question)) return 'forward';
      asleep();
      return { until };
    });
    const turn = frozen.settler.tick();
    await isAsleep;
    const awake = world.process({ chain: { rpcUrls: [other.url] } });
    await world.later(5_000);
    await expectPaidOnce(awake, address);
    wake();
    await turn;
    await world.mine(3);
    await frozen.settler.tick();
    const paid = await expectPaidOnce(frozen, address);
    expect(paid.changes.filter(({ status }) => status === 'paid')).toHaveLength(1);
  });

  it('case 34: a sequencer that is down ("context deadline exceeded") is tried again with the same bytes', async () => {
    const { address } = await world.owe(amount);
    const process = world.process();
    world.proxy.decide((question) =>
      isSend(question) ? { error: { code: -32_000, message: 'context deadline exceeded' } } : 'forward',
    );
    await process.settler.tick();
    await world.later(5_000);
    await process.settler.tick();
    expect((await payoutOf(process, address)).attempts).toMatchObject([{ sendState: 'maybe_sent' }]);
    world.proxy.decide(() => 'forward');
    expect((await expectPaidOnce(process, address)).attempts).toHaveLength(1);
  });

  it('case 40: receipts and blocks of another shape, with a tx type that nobody knows', async () => {
    const { address } = await world.owe(amount);
    const process = world.process();
    await process.settler.tick();
    await world.calm();
    const [attempt] = (await payoutOf(process, address)).attempts;
    const receipt = await world.rpc.call(
      'eth_getTransactionReceipt',
      [attempt?.txHash],
      z.record(z.string(), z.unknown()),
    );
    const { type: _type, logsBloom: _bloom, cumulativeGasUsed: _gas, ...needed } = receipt;
    const arbitrum = {
      ...needed,
      type: '0x6a',
      gasUsedForL1: '0x2710',
      l1BlockNumber: '0x1',
      timeboosted: false,
    };
    world.proxy.decide(({ method }) =>
      method === 'eth_getTransactionReceipt' ? { result: arbitrum } : 'forward',
    );
    await world.mine(3);
    expect((await expectPaidOnce(process, address)).txHash).toBe(attempt?.txHash);
  });
});
