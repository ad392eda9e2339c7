import { getAddress } from 'ethers';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import type { Alerts } from '../alerts/alerts.js';
import type { Books } from '../books/books.js';
import { type Sql, selectRow, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { formatUsd } from '../money/micro-usd.js';
import { payoutAddressAt } from '../orchestrators/payout-address.js';
import type { SettlementOptions } from '../settlement/settlement-options.js';
import { alertMissingAddresses, closeAnnouncements } from './address-alerts.js';
import { type PayablePayee, payablePayees, payeesWithoutAddress } from './payable-payees.js';
import type { PaymentChannel } from './payment-channel.js';
import type { Payout, PayoutRun, SkippedPayee } from './payout.js';
import { logPayout } from './payout-facts.js';
import { payoutId } from './payout-id.js';
import { recordChange, selectPayout } from './payout-rows.js';
import { lockControl } from './settlement-control.js';

const dueRow = z.object({ due: z.boolean(), now: sqlTime });
const numberRow = z.object({ number: sqlBigint });

/** Bounds the transaction; whoever is left comes with the next turn. */
const payeesPerTurn = 500;

/** Alerts at most; a payer with more payees without an address knows by then. */
const namedWithoutAddress = 1_000;

/** How often who waits for an address is looked up. */
const lookAgainMs = 60_000;

interface Terms {
  ledgerId: string;
  channel: PaymentChannel;
  at: Date;
}

/** Payable balances become payouts: the ledger's reserve entry and the payout's row in one transaction. */
export class PayoutReservation {
  private readonly log = new FactLogger('payouts');
  private lookAgainAtMs = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly books: Books,
    private readonly alerts: Alerts,
    private readonly options: SettlementOptions,
  ) {}

  /** Reserves when the settle interval has passed since payouts were last made, or always with `now`. */
  async reserve(channel: PaymentChannel, { now = false } = {}): Promise<PayoutRun> {
    await this.tendAlerts(channel, now);
    const { ledgerId } = await this.books.current();
    const run = await this.database.transaction(async (tx) => {
      const made: PayoutRun = { payouts: [], skipped: [] };
      // The lock first: of two replicas that find payouts due, the second sees those of the first.
      if ((await lockControl(tx)) !== null) return made;
      const clock = await this.due(tx);
      if (!clock.due && !now) return made;
      await this.reservePayees(tx, made, { ledgerId, channel, at: clock.now });
      if (channel.needsAddress && now) made.skipped.push(...(await this.withoutAddress(tx)));
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

  /** Past those to whom nothing may be paid, so that they do not keep the others waiting. */
  private async reservePayees(tx: EntityManager, made: PayoutRun, terms: Terms): Promise<void> {
    const { minPayoutMicroUsd } = this.options;
    const { needsAddress } = terms.channel;
    for (let after: string | null = null; ;) {
      const limit = payeesPerTurn - made.payouts.length;
      const payees = await payablePayees(tx, { minPayoutMicroUsd, needsAddress, after, limit });
      for (const payee of payees) {
        const outcome = await this.reserveOne(tx, payee, terms);
        if ('reason' in outcome) made.skipped.push(outcome);
        else made.payouts.push(outcome);
      }
      after = payees.at(-1)?.orchestratorId ?? null;
      if (payees.length < limit || made.payouts.length >= payeesPerTurn) return;
    }
  }

  private async withoutAddress(tx: EntityManager): Promise<SkippedPayee[]> {
    const payees = await this.homeless(tx);
    return payees.map(({ orchestratorId, payableMicroUsd }) => ({
      ...{ orchestratorId, payableMicroUsd },
      reason: 'no payout address is in force',
    }));
  }

  private homeless(sql: Sql): Promise<PayablePayee[]> {
    const { minPayoutMicroUsd } = this.options;
    return payeesWithoutAddress(sql, { minPayoutMicroUsd, limit: namedWithoutAddress });
  }

  /** Goes on while payouts are paused: the time to look after an address is before the money moves. */
  private async tendAlerts(channel: PaymentChannel, now: boolean): Promise<void> {
    if (!now && performance.now() < this.lookAgainAtMs) return;
    await this.database.transaction(async (tx) => {
      const waiting = channel.needsAddress ? await this.homeless(tx) : [];
      const isWhole = waiting.length < namedWithoutAddress;
      await alertMissingAddresses(tx, this.alerts, waiting, { isWhole });
      await closeAnnouncements(tx, this.alerts);
    });
    this.lookAgainAtMs = performance.now() + lookAgainMs;
  }

  private async reserveOne(
    tx: EntityManager,
    { orchestratorId, isRest }: PayablePayee,
    { ledgerId, channel, at }: Terms,
  ): Promise<Payout | SkippedPayee> {
    const payableMicroUsd = await this.ledger.lockBalance(tx, account.payable(orchestratorId));
    const { minPayoutMicroUsd: min, maxPayoutMicroUsd: max } = this.options;
    if (payableMicroUsd < 1n || (!isRest && payableMicroUsd < min)) {
      return { orchestratorId, payableMicroUsd, reason: 'below the minimum payout' };
    }
    const address = await payoutAddressAt(tx, orchestratorId, at);
    const objection = channel.objectionTo(address);
    if (objection !== null) return { orchestratorId, payableMicroUsd, reason: objection };

    const number = await this.nextNumber(tx, orchestratorId, channel.asset);
    const id = payoutId(ledgerId, orchestratorId, channel.asset, number);
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
