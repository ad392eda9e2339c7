import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import type { Alerts } from '../alerts/alerts.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Books } from '../books/books.js';
import { ready } from '../books/ready.js';
import { type Sql, selectRow, selectRows, sqlBigint, sqlTime } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { formatUsd } from '../money/micro-usd.js';
import { payoutAddressAt } from '../orchestrators/payout-address.js';
import type { SettlementOptions } from '../settlement/settlement-options.js';
import { AddressWatch } from './address-watch.js';
import type { ChainGuard } from './chain-guard.js';
import { type PayablePayee, payablePayees } from './payable-payees.js';
import type { PaymentChannel } from './payment-channel.js';
import type { PayoutRun, SkippedPayee } from './payout.js';
import { logPayout } from './payout-facts.js';
import { payoutId } from './payout-id.js';
import { lockControl, readPause } from './settlement-control.js';
import { type PayoutDraft, storePayouts } from './store-payouts.js';

const dueRow = z.object({ due: z.boolean(), now: sqlTime });
const numberRow = z.object({ orchestrator_id: z.uuid(), number: sqlBigint });

/** Bounds one transaction; the next payees come with the next one. */
const payeesPerTransaction = 500;

interface Terms {
  channel: PaymentChannel;
  at: Date;
}

/** A payee with the identity that its next payout will have. */
interface NextPayout extends PayablePayee {
  number: bigint;
  id: string;
  authorizationNonce: string | null;
}

export interface ReserveRequest {
  /** Whatever the interval. */
  now?: boolean;
  /** Who asked for it; it is in the audit log then. */
  actor?: string | null;
  signal?: AbortSignal | undefined;
}

/** Payable balances become payouts: the ledger's reserve entry and the payout's row in one transaction. */
export class PayoutReservation {
  private readonly log = new FactLogger('payouts');
  private readonly addresses: AddressWatch;

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly books: Books,
    alerts: Alerts,
    private readonly audit: AuditLog,
    private readonly options: SettlementOptions,
    private readonly guard?: ChainGuard,
  ) {
    this.addresses = new AddressWatch(database, alerts, options.minPayoutMicroUsd);
  }

  /** Reserves when the settle interval has passed since payouts were last made, or always with `now`. */
  async reserve(channel: PaymentChannel, request: ReserveRequest = {}): Promise<PayoutRun> {
    const { now = false, signal } = request;
    await this.addresses.tend(channel, { now });
    const run: PayoutRun = { payouts: [], skipped: [] };
    const sql = ready(this.database);
    if ((await readPause(sql)) !== null || (!now && !(await this.due(sql)).due)) return run;
    const { ledgerId } = await this.books.current();
    // Nothing is asked of the chain while nobody is owed anything.
    if (!now && (await this.nextPayouts(sql, { ledgerId, channel, after: null })).length === 0) return run;
    if (this.guard && (await this.guard.check(signal)) !== null) return run;
    for (let after: string | null = null, isFirst = true; ; isFirst = false) {
      const payees = await this.nextPayouts(sql, { ledgerId, channel, after });
      const free = await this.unusedOnes(payees, run, signal);
      const made = await this.reservePage(free, channel, { ...request, isFirst });
      if (!made) return run;
      run.payouts.push(...made.payouts);
      run.skipped.push(...made.skipped);
      for (const payout of made.payouts) {
        logPayout(this.log, payout.status === 'held' ? 'payout held' : 'payout reserved', payout);
      }
      if (payees.length < payeesPerTransaction) break;
      after = payees.at(-1)?.orchestratorId ?? null;
    }
    if (channel.needsAddress && now) run.skipped.push(...(await this.addresses.withoutOne(sql, channel)));
    return run;
  }

  private async due(sql: Sql): Promise<z.output<typeof dueRow>> {
    const row = await selectRow(
      sql,
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
  private async nextPayouts(
    sql: Sql,
    { ledgerId, channel, after }: { ledgerId: string; channel: PaymentChannel; after: string | null },
  ): Promise<NextPayout[]> {
    const { minPayoutMicroUsd } = this.options;
    const { needsAddress, asset } = channel;
    const payees = await payablePayees(sql, {
      minPayoutMicroUsd,
      needsAddress,
      after,
      limit: payeesPerTransaction,
    });
    const numbers = await this.nextNumbers(sql, payees, asset);
    return payees.map((payee) => {
      const number = numbers.get(payee.orchestratorId) ?? 1n;
      const id = payoutId(ledgerId, payee.orchestratorId, asset, number);
      return { ...payee, number, id, authorizationNonce: channel.authorizationNonce(ledgerId, id) };
    });
  }

  private async nextNumbers(
    sql: Sql,
    payees: readonly PayablePayee[],
    asset: string,
  ): Promise<Map<string, bigint>> {
    const rows = await selectRows(
      sql,
      numberRow,
      `select orchestrator_id, max(number) + 1 as number from payments.payout
        where asset = $1 and orchestrator_id = any ($2::uuid[]) group by 1`,
      [asset, payees.map(({ orchestratorId }) => orchestratorId)],
    );
    return new Map(rows.map((row) => [row.orchestrator_id, row.number]));
  }

  /** An identity that the token has seen, and the books have not, was paid by books that are newer than these. */
  private async unusedOnes(
    payees: NextPayout[],
    run: PayoutRun,
    signal?: AbortSignal,
  ): Promise<NextPayout[]> {
    const nonces = payees.flatMap(({ authorizationNonce: nonce }) => (nonce === null ? [] : [nonce]));
    if (!this.guard || nonces.length === 0) return payees;
    const used = await this.guard.usedNow(nonces, signal);
    const known = payees.filter(({ authorizationNonce: nonce }) => nonce !== null && used.has(nonce));
    if (known.length === 0) return payees;
    const older = await this.guard.older(known, signal);
    const reason =
      older ??
      'its next payout is on the chain already and not final yet: the books are older than the chain';
    run.skipped.push(
      ...known.map(({ orchestratorId, payableMicroUsd }) => ({ orchestratorId, payableMicroUsd, reason })),
    );
    this.log.warn('payouts known to the chain', { payees: known.length, reason });
    return payees.filter((payee) => !known.includes(payee));
  }

  /** Undefined when there is nothing to be made any more: paused meanwhile, or another replica was faster. */
  private reservePage(
    payees: readonly NextPayout[],
    channel: PaymentChannel,
    { now = false, actor = null, isFirst }: ReserveRequest & { isFirst: boolean },
  ): Promise<PayoutRun | undefined> {
    return this.database.transaction(async (tx) => {
      // The lock first: of two replicas that find payouts due, the second sees those of the first.
      if ((await lockControl(tx)) !== null) return undefined;
      const { due, now: at } = await this.due(tx);
      if (isFirst && !due && !now) return undefined;
      const made: PayoutRun = { payouts: [], skipped: [] };
      const numbers = await this.nextNumbers(tx, payees, channel.asset);
      const drafts: PayoutDraft[] = [];
      for (const payee of payees) {
        // Another replica has made it meanwhile.
        if ((numbers.get(payee.orchestratorId) ?? 1n) !== payee.number) continue;
        const outcome = await this.draftOf(tx, payee, { channel, at });
        if ('reason' in outcome) made.skipped.push(outcome);
        else drafts.push(outcome);
      }
      made.payouts.push(...(await storePayouts(tx, this.ledger, { channel, at }, drafts)));
      if (actor !== null && (isFirst || made.payouts.length > 0)) {
        const amount = made.payouts.reduce((sum, { amountMicroUsd }) => sum + amountMicroUsd, 0n);
        await this.audit.record(tx, {
          ...{ actor, action: 'payouts run', subject: 'settlement' },
          after: { payouts: made.payouts.length, amount_usd: formatUsd(amount) },
        });
      }
      return made;
    });
  }

  /** The payee's balance is locked from here on. */
  private async draftOf(
    tx: EntityManager,
    { orchestratorId, isRest, number, id, authorizationNonce }: NextPayout,
    { channel, at }: Terms,
  ): Promise<PayoutDraft | SkippedPayee> {
    const payableMicroUsd = await this.ledger.lockBalance(tx, account.payable(orchestratorId));
    const { minPayoutMicroUsd: min, maxPayoutMicroUsd: max } = this.options;
    const amountMicroUsd = channel.payableOf(payableMicroUsd);
    if (amountMicroUsd < 1n || (!isRest && amountMicroUsd < min)) {
      return { orchestratorId, payableMicroUsd, reason: 'below the minimum payout' };
    }
    const address = await payoutAddressAt(tx, orchestratorId, at);
    const objection = channel.objectionTo(address);
    if (objection !== null) return { orchestratorId, payableMicroUsd, reason: objection };
    const holdReason =
      max !== undefined && amountMicroUsd > max ? `above the maximum payout of $${formatUsd(max)}` : null;
    return { id, orchestratorId, number, amountMicroUsd, address, authorizationNonce, holdReason };
  }
}
