import { Wallet } from 'ethers';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { delay, type Hex } from '#platform';
import { type Database } from '#platform/database';

import { RpcEndpoint } from '../src/chain/rpc-endpoint.js';
import { account } from '../src/ledger/account.js';
import type { Ledger } from '../src/ledger/ledger.js';
import { assembleSettlement, type SettlementDoors } from '../src/settlement/assemble.js';
import type { SettlementOptions } from '../src/settlement/settlement-options.js';
import { deployLocalToken, type LocalToken } from './deploy-local-token.js';
import { developmentKeys } from './development-keys.js';
import { type RpcProxy, startRpcProxy } from './rpc-proxy.js';
import { type Anvil, startAnvil } from './start-anvil.js';
import { bookServices, openTestBooks, type TestBooks } from './test-books.js';
import { backUp } from './test-backup.js';

export type SettlementChange = Partial<Omit<SettlementOptions, 'chain'>> & {
  chain?: Partial<NonNullable<SettlementOptions['chain']>>;
};

export interface TestSettlement {
  books: TestBooks;
  anvil: Anvil;
  token: LocalToken;
  rpc: RpcEndpoint;
  ledger: Ledger;
  payer: string;
  /** The node as `process` sees it: forwards unless told otherwise. Tests ask the chain itself through `rpc`. */
  proxy: RpcProxy;
  /** As one process has it. Each call is another process that knows only what the database knows. */
  process(change?: SettlementChange, database?: Database): SettlementDoors;
  /** A new orchestrator, or an old one, that is owed this much more. A new one gets a new address unless given. */
  owe(
    microUsd: bigint,
    to?: { id?: string; address?: string | null },
  ): Promise<{ id: string; address: string }>;
  mine(blocks?: number): Promise<void>;
  /** Waits until what was sent is mined: a node that mines with each tx does so a moment after it has answered. */
  calm(): Promise<void>;
  /** Sends as somebody else who is rich in the chain's coin, and waits for the block. */
  send(key: Hex, tx: { to: string; data?: string; value?: bigint }): Promise<void>;
  /** Lets this much time pass for the books. */
  later(ms: number): Promise<void>;
  /** Copies the books as they are; the answer opens the copy, as one restores a dump. */
  backUp(): Promise<() => Promise<Database>>;
  /** Ticks, with two more blocks and ten seconds each time, until nothing is open any more. */
  untilFinal(doors: SettlementDoors, onBooks?: Database): Promise<void>;
  /** Σ of the token's Transfer events from the treasury, by recipient. */
  transfers(): Promise<Map<string, bigint>>;
  close(): Promise<void>;
}

const logRow = z.object({ topics: z.array(z.string()), data: z.string() });
const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

/** Real books, a real chain with mining on demand, and settlement between them. */
export async function openTestSettlement(): Promise<TestSettlement> {
  const books = await openTestBooks();
  const anvil = await startAnvil();
  const proxy = await startRpcProxy(anvil.rpcUrl);
  const payerWallet = new Wallet(developmentKeys.payer);
  const token = await deployLocalToken({ rpcUrl: anvil.rpcUrl, payerAddress: payerWallet.address });
  const rpc = new RpcEndpoint(anvil.rpcUrl);
  const { database } = books;
  const { ledger, books: book } = bookServices(database);
  await book.open();
  const closers: (() => Promise<unknown>)[] = [];
  let aheadMs = 0;
  const settlement: TestSettlement = {
    ...{ books, anvil, proxy, token, rpc, ledger, payer: payerWallet.address },
    process: (change = {}, db = database) =>
      assembleSettlement(
        { database: db, ...bookServices(db) },
        {
          method: 'usdc',
          settleIntervalSeconds: 0,
          pollSeconds: 0,
          minPayoutMicroUsd: 1_000_000n,
          maxPayoutMicroUsd: 1_000_000_000n,
          maxDailyPayoutMicroUsd: 1_000_000_000_000n,
          ...change,
          chain: {
            rpcUrls: [proxy.url],
            chainId: 31_337n,
            tokenAddress: token.tokenAddress,
            payerPrivateKey: developmentKeys.payer,
            gasPayerPrivateKey: developmentKeys.gasPayer satisfies Hex,
            finality: 2,
            ...change.chain,
          },
        },
      ),
    owe: async (microUsd, to = {}) => {
      const id = to.id ?? randomUUID();
      const address = to.address === undefined ? Wallet.createRandom().address : to.address;
      await database.transaction(async (tx) => {
        if (to.id === undefined) {
          await tx.query(
            `insert into payments.orchestrator (id, service_uri, origin) values ($1, 'https://o.example', 'rest')`,
            [id],
          );
          await tx.query(
            `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
               values ($1, 'payout_address', $2, now() - interval '1 day', 'test')`,
            [id, address],
          );
        }
        await ledger.post(tx, {
          kind: 'accrual',
          idempotencyKey: `test/${randomUUID()}`,
          effectiveAt: new Date(),
          transfers: [{ debit: account.rewards(id), credit: account.payable(id), amountMicroUsd: microUsd }],
        });
      });
      return { id, address: address ?? '' };
    },
    calm: async () => {
      const isMining = await rpc.call('anvil_getAutomine', [], z.boolean());
      for (const deadline = Date.now() + 10_000; isMining && Date.now() < deadline;) {
        const { pending } = await rpc.call('txpool_status', [], z.object({ pending: z.string() }));
        if (pending === '0x0') return;
        await delay(5);
      }
      if (isMining) throw new Error('a tx was not mined within 10 s');
    },
    send: async (key, tx) => {
      const wallet = new Wallet(key);
      const quantity = z.string().transform(BigInt);
      const raw = await wallet.signTransaction({
        ...{
          type: 2,
          chainId: 31_337,
          gasLimit: 3_000_000n,
          maxFeePerGas: 10n ** 11n,
          maxPriorityFeePerGas: 10n ** 9n,
        },
        nonce: Number(await rpc.call('eth_getTransactionCount', [wallet.address, 'latest'], quantity)),
        ...tx,
      });
      await rpc.call('eth_sendRawTransaction', [raw], z.string());
      await settlement.calm();
    },
    mine: async (blocks = 1) => {
      await settlement.calm();
      await rpc.call('anvil_mine', [`0x${blocks.toString(16)}`], z.unknown());
    },
    later: async (ms) => {
      aheadMs += ms;
      await books.setClock(new Date(Date.now() + aheadMs));
    },
    backUp: async () => {
      const { open, close } = await backUp([database.dataSource, books.owner], books.url);
      closers.push(close);
      return open;
    },
    untilFinal: async (doors, onBooks = database) => {
      for (let turn = 0; turn < 20; turn += 1) {
        await doors.settler.tick();
        const open: unknown = await onBooks.dataSource.query(
          `select 1 from payments.payout where status in ('reserved', 'sent', 'mined')`,
        );
        if (Array.isArray(open) && open.length === 0) return;
        await settlement.mine(2);
        await settlement.later(10_000);
      }
      throw new Error('payouts are still open after 20 turns');
    },
    transfers: async () => {
      const from = `0x${payerWallet.address.slice(2).toLowerCase().padStart(64, '0')}`;
      const filter = {
        address: token.tokenAddress,
        topics: [transferTopic, from],
        fromBlock: '0x0',
        toBlock: 'latest',
      };
      const logs = await rpc.call('eth_getLogs', [filter], z.array(logRow));
      const sums = new Map<string, bigint>();
      for (const { topics, data } of logs) {
        const to = `0x${topics[2]?.slice(26) ?? ''}`;
        sums.set(to, (sums.get(to) ?? 0n) + BigInt(data));
      }
      return sums;
    },
    close: async () => {
      await proxy.stop();
      await anvil.stop();
      for (const close of closers.reverse()) await close();
      await books.close();
    },
  };
  return settlement;
}
