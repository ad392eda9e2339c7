import { FactLogger } from '#platform';
import { type Database } from '#platform/database';

import type { AuditLog } from '../audit/audit-log.js';
import { adoptLostPayments } from '../backup/adopt-payments.js';
import { ready } from '../books/ready.js';
import type { TreasuryChain } from '../chain/treasury-chain.js';
import { logPayout } from '../payouts/payout-facts.js';
import { lockControl } from '../payouts/settlement-control.js';
import type { AuthorizationScan } from '../reconciliation/authorization-scan.js';
import type { IdentityCheck } from '../reconciliation/identity-check.js';
import { findUnknownPayment } from '../reconciliation/unknown-payments.js';
import { pauseLane, readLane } from './lane.js';
import { foreignNonceText } from './lane-window.js';
import { pauseByItself } from './pause-by-itself.js';

/** What is looked at in any case, whether or not something is to be signed. One minute unless given. */
const defaultCheckSeconds = 60;

/**
 * Compares what the treasury and the gas payer did on the chain with the books: at start, regularly, and before anything is
 * made or signed. Payments that the books have lost are taken over; whatever else they do not know stops settlement.
 */
export class BooksGuard {
  private readonly log = new FactLogger('settlement');
  private checkedAtMs = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly chain: TreasuryChain,
    private readonly scan: AuthorizationScan,
    private readonly identities: IdentityCheck,
    private readonly audit: AuditLog,
    private readonly checkSeconds = defaultCheckSeconds,
  ) {}

  async checkWhenDue(signal?: AbortSignal): Promise<void> {
    if (performance.now() - this.checkedAtMs < this.checkSeconds * 1_000) return;
    await this.check(signal);
  }

  /** Everything. The reason that stopped settlement, or null. */
  async check(signal?: AbortSignal): Promise<string | null> {
    const before = await this.firstSight(signal);
    const doubt = await this.readChain(signal);
    const unknown = await findUnknownPayment(ready(this.database), this.chain);
    const foreign = await this.foreignNonce(signal);
    this.checkedAtMs = performance.now();
    // All at once: a person looks once, and resumes once.
    const reasons = [before, unknown, foreign].filter((reason) => reason !== null);
    return reasons.length === 0 ? doubt : this.pause(reasons.join('; '), foreign !== null);
  }

  /** Payments only: before each signature the nonce is looked at under the lane's lock. */
  async beforeSigning(signal?: AbortSignal): Promise<string | null> {
    const doubt = await this.readChain(signal);
    if (doubt !== null) return doubt;
    const unknown = await findUnknownPayment(ready(this.database), this.chain);
    return unknown === null ? null : this.check(signal);
  }

  /** Why the chain is not believed, or null. */
  private async readChain(signal?: AbortSignal): Promise<string | null> {
    await this.scan.advance(signal);
    const { disagreement } = this.scan;
    // One node alone may bring an authorization to the chain: the token takes it once. A plain transfer it may not.
    if (disagreement && (disagreement.reason === 'disagree' || this.chain.method === 'erc20'))
      return disagreement.detail;
    await this.takeOver();
    return null;
  }

  /** Stops for authorizations that were used before the books begin. */
  async older(
    payouts: readonly { authorizationNonce: string | null }[],
    signal?: AbortSignal,
  ): Promise<string | null> {
    const nonces = payouts.flatMap(({ authorizationNonce: nonce }) => (nonce === null ? [] : [nonce]));
    if (nonces.length === 0) return null;
    const reason = await this.identities.findOlder(nonces, signal);
    return reason === null ? null : this.pause(reason, false);
  }

  /** Of the identities of payouts that are about to be made those that the token has seen. */
  usedNow(nonces: readonly string[], signal?: AbortSignal): Promise<Set<string>> {
    return this.identities.usedNow(nonces, signal);
  }

  /** Books that were restored from an old backup find the payments that they have lost by counting on. */
  private async takeOver(): Promise<void> {
    if (this.chain.method !== 'usdc') return;
    if ((await findUnknownPayment(ready(this.database), this.chain)) === null) return;
    const adopted = await this.database.transaction(async (tx) =>
      (await lockControl(tx)) === null ? (await adoptLostPayments(tx)).adopted : [],
    );
    for (const payout of adopted) {
      this.log.warn('payment adopted', { payoutId: payout.id, txHash: payout.txHash });
      logPayout(this.log, 'payout paid', payout);
    }
  }

  /** A treasury that pays by plain transfers and did so before these books: nothing on the chain says what for. */
  private async firstSight(signal?: AbortSignal): Promise<string | null> {
    const isNew = await this.scan.begin(signal);
    if (!isNew || this.chain.method !== 'erc20') return null;
    const nonce = await this.chain.ask((node) => node.nonce(this.chain.treasury.address, 'latest'), signal);
    if (nonce === 0n) return null;
    return `the treasury sent ${nonce} txs before these books began: make sure that they are not older than the payments`;
  }

  private get lane() {
    return { chainId: this.chain.chainId, address: this.chain.gasPayer.address };
  }

  private async foreignNonce(signal?: AbortSignal): Promise<string | null> {
    const known = await readLane(ready(this.database), this.lane);
    if (known?.status !== 'active') return null;
    const found = await this.chain.agree(
      (node) => node.nonce(this.lane.address, 'latest'),
      (one, other) => one === other,
      signal,
    );
    if (!found.agreed) return null;
    // Read again: another replica may have given nonces away since.
    const { nextNonce: ourNonce = 0n } = (await readLane(ready(this.database), this.lane)) ?? {};
    return found.value <= ourNonce ? null : foreignNonceText({ chainNonce: found.value, ourNonce });
  }

  private async pause(reason: string, hasForeignNonce: boolean): Promise<string> {
    const isNew = await this.database.transaction(async (tx) => {
      const paused = await pauseByItself(tx, this.audit, reason);
      if (hasForeignNonce) await pauseLane(tx, this.lane, reason);
      return paused;
    });
    if (isNew) this.log.error('settlement paused', undefined, { reason });
    return reason;
  }
}
