import type { EntityManager } from 'typeorm';
import { z } from 'zod';

import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import type { AuditLog } from '../audit/audit-log.js';
import { ConflictError, NotFoundError } from '../books/errors.js';
import { decodeCursor, type Page, pageLimit, type PageRequest, toPage } from '../books/page.js';
import { ready } from '../books/ready.js';
import { selectRow } from '../books/sql-rows.js';
import { account } from '../ledger/account.js';
import type { Ledger } from '../ledger/ledger.js';
import { resumeLanes } from '../settlement/lane.js';
import type { Settler } from '../settlement/settler.js';
import { booksClock, payPayout, returnPayout } from './close-payout.js';
import type { Payout, PayoutDetail, PayoutRun } from './payout.js';
import { openPayoutHistory, type OpenPayoutHistory, type PayoutSelection } from './payout-history.js';
import { attemptsForPayout, changesOf, settlementsOf } from './payout-detail.js';
import { logPayout } from './payout-facts.js';
import { recordChange, selectPayout, selectPayouts } from './payout-rows.js';
import type { PayoutReservation } from './reserve-payouts.js';
import { lockControl, type PauseState, readPause, setPause } from './settlement-control.js';

export interface PayoutFilter extends PageRequest, PayoutSelection {}

const stateOfRow = z.object({ signed: z.boolean(), live: z.boolean() });

/** What people see of payouts and may do with them. Amounts, recipients and caps are not among it. */
export class Payouts {
  private readonly log = new FactLogger('payouts');

  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly audit: AuditLog,
    private readonly reservation: PayoutReservation,
    private readonly settler: Settler,
  ) {}

  /** Newest first. */
  async list(request: PayoutFilter = {}): Promise<Page<Payout>> {
    const limit = pageLimit(request);
    const [at, id] = decodeCursor(request, z.tuple([z.iso.datetime(), z.uuid()])) ?? [null, null];
    const payouts = await selectPayouts(
      ready(this.database),
      `where ($1::uuid is null or orchestrator_id = $1) and ($2::text is null or status = $2)
         and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
       order by created_at desc, id desc limit $5`,
      [request.orchestratorId ?? null, request.status ?? null, at, id, limit + 1],
    );
    return toPage(payouts, limit, (payout) => [payout.createdAt.toISOString(), payout.id]);
  }

  /** All of them, for files. The caller closes it. */
  async open(selection: PayoutSelection = {}): Promise<OpenPayoutHistory> {
    return openPayoutHistory(this.database, selection);
  }

  /** With every settlement, signed tx and change of state. @throws NotFoundError */
  async get(id: string): Promise<PayoutDetail> {
    const sql = ready(this.database);
    const payout = z.uuid().safeParse(id).success ? await selectPayout(sql, id) : undefined;
    if (!payout) throw new NotFoundError('payment', id);
    const settlements = await settlementsOf(sql, id);
    return {
      ...payout,
      settlements,
      attempts: await attemptsForPayout(sql, id),
      changes: await changesOf(sql, id),
    };
  }

  /**
   * Reserves all that is payable now, whatever the interval; the settler's next turn signs it.
   * @throws ConflictError while paused or while the chain cannot be used
   */
  async runNow(actor = 'admin'): Promise<PayoutRun> {
    const pause = await this.pauseInForce();
    if (pause) throw new ConflictError(`Settlement is paused by ${pause.actor}: ${pause.reason}`);
    const channel = await this.settler.channel();
    if (!channel)
      throw new ConflictError(`Settlement cannot start: ${this.settler.state().detail ?? 'connecting'}`);
    const run = await this.reservation.reserve(channel, { now: true, actor });
    const stopped = await this.pauseInForce();
    if (stopped) throw new ConflictError(`Settlement is paused by ${stopped.actor}: ${stopped.reason}`);
    return run;
  }

  async isPaused(): Promise<boolean> {
    return (await this.pauseInForce()) !== null;
  }

  /** Who paused settlement, when and why; null when it runs. */
  async pauseInForce(): Promise<PauseState | null> {
    return readPause(ready(this.database));
  }

  /** When it returns, nothing is signed any more. What was signed before may still be mined, and is watched. */
  async pause(reason: string, actor: string): Promise<void> {
    await this.changePause({ reason, actor }, 'settlement paused', actor);
  }

  async resume(actor: string): Promise<void> {
    await this.changePause(null, 'settlement resumed', actor);
  }

  /** Lets a held payout go. @throws NotFoundError, ConflictError */
  async release(id: string, actor: string): Promise<Payout> {
    const released = await this.change(id, actor, 'payout released', async (tx, payout) => {
      if (payout.status !== 'held') throw new ConflictError(`The payment is ${payout.status}, not held`);
      await tx.query(
        `update payments.payout set status = 'reserved', hold_reason = null, cancel_requested = false, retry_at = null
          where id = $1`,
        [id],
      );
      await recordChange(tx, id, 'reserved', `released by ${actor}`);
      return 'changed';
    });
    logPayout(this.log, 'payout reserved', released);
    return released;
  }

  /**
   * Gives a payout back that is not on its way. One whose authorization was signed before is held until the chain has
   * proved that it was not used. @throws NotFoundError, ConflictError
   */
  async cancel(id: string, actor: string): Promise<Payout> {
    const cancelled = await this.change(id, actor, 'payout cancelled', async (tx, payout) => {
      if (payout.status !== 'held' && payout.status !== 'reserved') {
        throw new ConflictError(`The payment is ${payout.status}; it cannot be given back`);
      }
      const state = await selectRow(
        tx,
        stateOfRow,
        `select first_signed_at is not null as signed,
                exists (select 1 from payments.settlement_item where payout_id = $1 and outcome is null) as live
           from payments.payout where id = $1`,
        [id],
      );
      if (state?.live)
        throw new ConflictError('The payment is signed and may be on its way; it cannot be given back');
      if (!state?.signed)
        return returnPayout(tx, this.ledger, payout, `cancelled by ${actor} before it was signed`);
      const reason = 'given up; it becomes payable again when its authorization has expired unused';
      await tx.query(
        `update payments.payout set status = 'held', hold_reason = $2, cancel_requested = true where id = $1`,
        [id, reason],
      );
      await recordChange(tx, id, 'held', `cancelled by ${actor}: ${reason}`);
      return 'changed';
    });
    logPayout(this.log, cancelled.status === 'returned' ? 'payout returned' : 'payout held', cancelled);
    return cancelled;
  }

  /** Closes a payout of method `ledger` that was paid elsewhere. @throws NotFoundError, ConflictError */
  async markPaid(id: string, reference: string, actor: string): Promise<Payout> {
    const paid = await this.change(id, actor, 'payout marked paid', async (tx, payout) => {
      if (payout.method !== 'ledger')
        throw new ConflictError(`The payment is of method ${payout.method}: the chain says when it is paid`);
      if (payout.status !== 'reserved')
        throw new ConflictError(`The payment is ${payout.status}, not reserved`);
      return payPayout(tx, this.ledger, payout, {
        creditAccount: account.outsideTreasury(),
        at: await booksClock(tx),
        detail: `marked paid by ${actor}: ${reference}`,
        outsideReference: reference,
      });
    });
    logPayout(this.log, 'payout paid', paid);
    return paid;
  }

  private async changePause(pause: { reason: string; actor: string } | null, action: string, actor: string) {
    await this.database.transaction(async (tx) => {
      const before = await lockControl(tx);
      await setPause(tx, pause);
      if (pause === null) await resumeLanes(tx);
      await this.audit.record(tx, {
        ...{ actor, action, subject: 'settlement' },
        before: before && { reason: before.reason, actor: before.actor },
        after: pause,
      });
    });
    this.log.warn(action, { actor, ...(pause && { reason: pause.reason }) });
  }

  /** The emergency stop's lock comes first everywhere, so that no two of these wait for each other. */
  private async change(
    id: string,
    actor: string,
    action: string,
    work: (tx: EntityManager, payout: Payout) => Promise<Payout | 'changed'>,
  ): Promise<Payout> {
    if (!z.uuid().safeParse(id).success) throw new NotFoundError('payment', id);
    return this.database.transaction(async (tx) => {
      await lockControl(tx);
      const before = await selectPayout(tx, id, 'for update');
      if (!before) throw new NotFoundError('payment', id);
      await work(tx, before);
      const after = await selectPayout(tx, id);
      if (!after) throw new NotFoundError('payment', id);
      await this.audit.record(tx, {
        ...{ actor, action, subject: `payment/${id}` },
        before: { status: before.status },
        after: { status: after.status, outside_reference: after.outsideReference },
      });
      return after;
    });
  }
}
