import { getAddress } from 'ethers';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { type Database, FactLogger } from '#platform';

import type { Books } from '../books/books.js';
import { selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { formatUsd } from '../money/micro-usd.js';
import { payoutAddressAt } from '../orchestrators/payout-address.js';
import type { SettlementOptions } from '../settlement/settlement-options.js';
import type { PaymentChannel } from './payment-channel.js';
import type { Payout, PayoutRun, SkippedPayee } from './payout.js';
import { logPayout } from './payout-facts.js';
import { payoutId } from './payout-id.js';
import { recordChange, selectPayout } from './payout-rows.js';
import { lockControl } from './settlement-control.js';

const candidateRow = z.object({ orchestrator_id: z.uuid() });
const dueRow = z.object({ due: z.boolean(), now: sqlTime });
const numberRow = z.object({ number: sqlBigint });

/** Bounds the transaction; whoever is left comes with the next turn. */
const payeesPerTurn = 500;

/** Payable balances become payouts: the ledger's reserve entry and the payout's row in one transaction. */
export class PayoutReservation {
  private readonly log = new FactLogger('payouts');

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly books: Books,
    private readonly options: SettlementOptions,
  ) {}

  /** Reserves when the settle interval has passed since payouts were last made, or always with `now`. */
  async reserve(channel: PaymentChannel, { now = false } = {}): Promise<PayoutRun> {
    const { ledgerId } = await this.books.current();
    const run = await this.database.transaction(async (tx) => {
      const made: PayoutRun = { payouts: [], skipped: [] };
      // The lock first: of two replicas that find payouts due, the second sees those of the first.
      if ((await lockControl(tx)) !== null) return made;
      const clock = await this.due(tx);
      if (!clock.due && !now) return made;
      for (const orchestratorId of await this.candidates(tx)) {
        const outcome = await this.reserveOne(tx, orchestratorId, { ledgerId, channel, at: clock.now });
        if ('reason' in outcome) made.skipped.push(outcome);
        else made.payouts.push(outcome);
      }
      return made;
    });
    for (const payout of run.payouts) {
      logPayout(this.log, payout.status === 'held' ? 'payout held' : 'payout reserved', payout);
    }
    return run;
  }

  private async due(tx: EntityManager): Promise<z.output<typeof dueRow>> {
    const row = await selectRow(
      tx,
      dueRow,
      `select payments.clock() as now,
              coalesce(max(created_at) + make_interval(secs => $1) <= payments.clock(), true) as due
         from payments.payout`,
      [this.options.settleIntervalSeconds],
    );
    if (!row) throw new Error('unreachable: an aggregate always has one row');
    return row;
  }

  /** In the order of their accounts' codes, in which their balances are locked. */
  private async candidates(tx: EntityManager): Promise<string[]> {
    const rows = await selectRows(
      tx,
      candidateRow,
      `select split_part(a.code, ':', 3) as orchestrator_id
         from ledger.account a join ledger.account_balance b on b.account_id = a.id
        where a.code like 'liability:payable:%' and b.credits - b.debits >= $1 order by a.code limit $2`,
      [this.options.minPayoutMicroUsd.toString(), payeesPerTurn],
    );
    return rows.map(({ orchestrator_id }) => orchestrator_id);
  }

  private async reserveOne(
    tx: EntityManager,
    orchestratorId: string,
    { ledgerId, channel, at }: { ledgerId: string; channel: PaymentChannel; at: Date },
  ): Promise<Payout | SkippedPayee> {
    const payableMicroUsd = await this.ledger.lockBalance(tx, account.payable(orchestratorId));
    if (payableMicroUsd < this.options.minPayoutMicroUsd) {
      return { orchestratorId, payableMicroUsd, reason: 'below the minimum payout' };
    }
    const address = await payoutAddressAt(tx, orchestratorId, at);
    const objection = channel.objectionTo(address);
    if (objection !== null) return { orchestratorId, payableMicroUsd, reason: objection };

    const number = await this.nextNumber(tx, orchestratorId, channel.asset);
    const id = payoutId(ledgerId, orchestratorId, channel.asset, number);
    const { maxPayoutMicroUsd: max } = this.options;
    const holdReason =
      max !== undefined && payableMicroUsd > max ? `above the maximum payout of $${formatUsd(max)}` : null;
    await tx.query(
      `insert into payments.payout (id, orchestrator_id, method, asset, number, amount_micro_usd, payout_address,
           chain_id, token_address, treasury_address, authorization_nonce, status, hold_reason, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        ...[id, orchestratorId, channel.method, channel.asset, number.toString(), payableMicroUsd.toString()],
        ...[address === null ? null : getAddress(address), channel.chainId?.toString() ?? null],
        ...[channel.tokenAddress, channel.treasuryAddress, channel.authorizationNonce(ledgerId, id)],
        ...[holdReason === null ? 'reserved' : 'held', holdReason, at],
      ],
    );
    await this.ledger.post(tx, {
      kind: 'reserve',
      idempotencyKey: `payout/${id}/reserve`,
      effectiveAt: at,
      transfers: [
        {
          debit: account.payable(orchestratorId),
          credit: account.inSettlement(orchestratorId),
          amountMicroUsd: payableMicroUsd,
        },
      ],
      meta: { payoutId: id },
    });
    await recordChange(
      tx,
      id,
      holdReason === null ? 'reserved' : 'held',
      holdReason ?? 'reserved for settlement',
    );
    const payout = await selectPayout(tx, id);
    if (!payout) throw new Error(`the payout ${id} was not stored`);
    return payout;
  }

  private async nextNumber(tx: EntityManager, orchestratorId: string, asset: string): Promise<bigint> {
    const row = await selectRow(
      tx,
      numberRow,
      `select coalesce(max(number), 0) + 1 as number from payments.payout where orchestrator_id = $1 and asset = $2`,
      [orchestratorId, asset],
    );
    return row?.number ?? 1n;
  }
}
