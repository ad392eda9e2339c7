import type { Database } from '#platform/database';

import type { Alerts } from '../alerts/alerts.js';
import type { Sql } from '../books/sql-rows.js';
import { alertMissingAddresses, closeAnnouncements } from './address-alerts.js';
import { payeesWithoutAddress, type WaitingPayee } from './payable-payees.js';
import { noAddress, type PaymentChannel } from './payment-channel.js';
import type { SkippedPayee } from './payout.js';

/** Alerts at most; a payer with more payees without an address knows by then. */
const namedWithoutAddress = 1_000;

/** How often who waits for an address is looked up. */
const lookAgainMs = 60_000;

/** Who has earned enough and has no address that can be paid to. */
export class AddressWatch {
  private lookAgainAtMs = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly alerts: Alerts,
    private readonly minPayoutMicroUsd: bigint,
  ) {}

  /** Goes on while payouts are paused: the time to look after an address is before the money moves. */
  async tend(channel: PaymentChannel, { now }: { now: boolean }): Promise<void> {
    if (!now && performance.now() < this.lookAgainAtMs) return;
    const { neverPaid } = channel;
    await this.database.transaction(async (tx) => {
      const waiting = channel.needsAddress ? await this.waiting(tx, channel) : [];
      const isWhole = waiting.length < namedWithoutAddress;
      await alertMissingAddresses(tx, this.alerts, waiting, { isWhole, neverPaid });
      await closeAnnouncements(tx, this.alerts);
    });
    this.lookAgainAtMs = performance.now() + lookAgainMs;
  }

  /** Not those whose address is never paid to: to that the channel objects. */
  async withoutOne(sql: Sql, channel: PaymentChannel): Promise<SkippedPayee[]> {
    const payees = (await this.waiting(sql, channel)).filter(({ address }) => address === null);
    return payees.map(({ orchestratorId, payableMicroUsd }) => ({
      ...{ orchestratorId, payableMicroUsd },
      reason: noAddress,
    }));
  }

  private waiting(sql: Sql, { neverPaid }: PaymentChannel): Promise<WaitingPayee[]> {
    return payeesWithoutAddress(sql, {
      ...{ minPayoutMicroUsd: this.minPayoutMicroUsd, limit: namedWithoutAddress },
      neverPaid: [...neverPaid.keys()],
    });
  }
}
