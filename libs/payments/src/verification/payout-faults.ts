import { authorizationNonce } from '../chain/authorization.js';
import { account } from '../ledger/account.js';
import { formatUsd } from '../money/micro-usd.js';
import { payoutStatuses } from '../payouts/payout.js';
import { payoutId } from '../payouts/payout-id.js';

/** The one transfer of a journal entry about a payout. */
export interface PayoutEntry {
  amountMicroUsd: bigint;
  debit: string;
  credit: string;
  effectiveAt: Date;
}

export interface StoredPayout {
  id: string;
  orchestratorId: string;
  asset: string;
  number: bigint;
  amountMicroUsd: bigint;
  chainId: bigint | null;
  tokenAddress: string | null;
  authorizationNonce: string | null;
  status: string;
  paidAt: Date | null;
  createdAt: Date;
  /** Entries of the ledger by their kind; absent where there is none. */
  entries: { reserve?: PayoutEntry; paid?: PayoutEntry; return?: PayoutEntry };
}

/** What a payout says that its number, the ledger and its own status do not. */
export function payoutFaults(payout: StoredPayout, ledgerId: string): string[] {
  return [...identityFaults(payout, ledgerId), ...reserveFaults(payout), ...outcomeFaults(payout)];
}

function identityFaults(payout: StoredPayout, ledgerId: string): string[] {
  const { id, orchestratorId, asset, number, chainId, tokenAddress } = payout;
  const faults: string[] = [];
  if (payoutId(ledgerId, orchestratorId, asset, number) !== id) {
    faults.push(`its id does not follow from payee, asset, number and the books' id`);
  }
  const nonce =
    chainId === null || tokenAddress === null
      ? null
      : authorizationNonce(chainId, tokenAddress, ledgerId, id);
  if (nonce !== payout.authorizationNonce) faults.push('its authorization nonce does not follow from its id');
  return faults;
}

function reserveFaults({ orchestratorId, amountMicroUsd, createdAt, entries }: StoredPayout): string[] {
  const { reserve } = entries;
  if (!reserve) return ['has no reserve entry'];
  const faults = amountFaults('reserved', reserve, amountMicroUsd);
  if (
    reserve.debit !== account.payable(orchestratorId) ||
    reserve.credit !== account.inSettlement(orchestratorId)
  ) {
    faults.push(`was reserved from ${reserve.debit} to ${reserve.credit}`);
  }
  if (reserve.effectiveAt.getTime() !== createdAt.getTime()) faults.push('was not made when it was reserved');
  return faults;
}

function outcomeFaults({ orchestratorId, amountMicroUsd, status, paidAt, entries }: StoredPayout): string[] {
  const { paid, return: returned } = entries;
  const faults: string[] = [];
  if (!payoutStatuses.some((known) => known === status)) faults.push(`has the unknown status ${status}`);
  if ((status === 'paid') !== (paidAt !== null))
    faults.push(`is ${status}, and its time of payment says otherwise`);
  if ((status === 'paid') !== (paid !== undefined)) {
    faults.push(`is ${status}, and the ledger has ${paid ? 'a' : 'no'} paid entry`);
  }
  if ((status === 'returned') !== (returned !== undefined)) {
    faults.push(`is ${status}, and the ledger has ${returned ? 'a' : 'no'} return entry`);
  }
  if (paid) {
    faults.push(...amountFaults('paid', paid, amountMicroUsd));
    if (paid.debit !== account.inSettlement(orchestratorId) || !paid.credit.startsWith('asset:treasury:')) {
      faults.push(`was paid from ${paid.debit} to ${paid.credit}`);
    }
    if (paid.effectiveAt.getTime() !== paidAt?.getTime()) faults.push('was not paid when the ledger says so');
  }
  if (returned) {
    faults.push(...amountFaults('returned', returned, amountMicroUsd));
    if (
      returned.debit !== account.inSettlement(orchestratorId) ||
      returned.credit !== account.payable(orchestratorId)
    ) {
      faults.push(`was returned from ${returned.debit} to ${returned.credit}`);
    }
  }
  return faults;
}

const amountFaults = (what: string, entry: PayoutEntry, amountMicroUsd: bigint): string[] =>
  entry.amountMicroUsd === amountMicroUsd
    ? []
    : [`is $${formatUsd(amountMicroUsd)}, and $${formatUsd(entry.amountMicroUsd)} was ${what}`];
