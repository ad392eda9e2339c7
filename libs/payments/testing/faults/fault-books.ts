import { Wallet } from 'ethers';
import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';

import { delay } from '#platform';
import { connectionOptions, migrate } from '#platform/database';

import { account } from '../../src/ledger/account.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { paymentsMigrations } from '../../src/migrations/folder.js';

export interface Payee {
  id: string;
  address: string;
  /** All that it ever earned. */
  owedMicroUsd: bigint;
}

interface Debt {
  key: string;
  at: Date;
  payeeId: string;
  microUsd: bigint;
}

const writeLimitMs = 60_000;

/** Brings debts into the books, and moves their clock. It never looks at how they are paid. */
export class FaultBooks {
  private readonly ledger = new Ledger();
  private aheadMs = 0;
  private readonly debts: Debt[] = [];
  readonly payees: Payee[] = [];

  private constructor(private readonly owner: DataSource) {}

  static async open(url: string): Promise<FaultBooks> {
    const source = new DataSource({
      type: 'postgres',
      url,
      poolSize: 1,
      extra: connectionOptions(undefined),
    });
    const owner = await source.initialize();
    await migrate(owner, paymentsMigrations);
    return new FaultBooks(owner);
  }

  async newPayee(): Promise<Payee> {
    const payee = { id: randomUUID(), address: Wallet.createRandom().address, owedMicroUsd: 0n };
    await this.write(async (tx) => {
      await tx.query(
        `insert into payments.orchestrator (id, service_uri, origin) values ($1, 'https://o.example', 'rest')
           on conflict do nothing`,
        [payee.id],
      );
      await tx.query(
        `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
           select $1, 'payout_address', $2, now() - interval '1 day', 'test'
            where not exists (select 1 from payments.orchestrator_fact where orchestrator_id = $1)`,
        [payee.id, payee.address],
      );
    });
    this.payees.push(payee);
    return payee;
  }

  async owe(payee: Payee, microUsd: bigint): Promise<void> {
    const debt = { key: `torture/${this.debts.length}`, at: new Date(), payeeId: payee.id, microUsd };
    this.debts.push(debt);
    payee.owedMicroUsd += microUsd;
    await this.post(debt);
  }

  /** What the books have lost since a copy of them was made comes back, as periods are judged again from the evidence. */
  async oweAgain(): Promise<void> {
    for (const debt of this.debts) await this.post(debt);
  }

  /** Lets this much time pass for the books. */
  async later(ms: number): Promise<void> {
    this.aheadMs += ms;
    await this.write((tx) =>
      tx.query(
        `create or replace function payments.clock() returns timestamptz language sql volatile
           as $$ select date_trunc('milliseconds', clock_timestamp() + interval '${this.aheadMs} milliseconds') $$`,
      ),
    );
  }

  async close(): Promise<void> {
    await this.owner.destroy();
  }

  async open(): Promise<void> {
    await this.owner.initialize();
    await this.later(0);
  }

  /** The key makes a second time change nothing. */
  private async post({ key, at, payeeId, microUsd }: Debt): Promise<void> {
    const transfer = { debit: account.rewards(payeeId), credit: account.payable(payeeId) };
    await this.write((tx) =>
      this.ledger.post(tx, {
        ...{ kind: 'accrual', idempotencyKey: key, effectiveAt: at },
        transfers: [{ ...transfer, amountMicroUsd: microUsd }],
      }),
    );
  }

  /** Again and again while PostgreSQL is away. */
  private async write(work: (tx: EntityManager) => Promise<unknown>): Promise<void> {
    for (const deadline = Date.now() + writeLimitMs; ;) {
      try {
        await this.owner.transaction(async (tx) => {
          await work(tx);
        });
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await delay(100);
      }
    }
  }
}
