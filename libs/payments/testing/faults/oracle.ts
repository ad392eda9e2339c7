import { formatUsd } from '../../src/money/micro-usd.js';
import type { SeenBalance, SeenPayment } from './distributor-api.js';
import type { Payee } from './fault-books.js';
import type { SeenTransfer } from './fault-chain.js';

const usd = (microUsd: bigint): string => `$${formatUsd(microUsd)}`;

const sums = (transfers: readonly SeenTransfer[]): Map<string, bigint> => {
  const byAddress = new Map<string, bigint>();
  for (const { to, microUsd } of transfers) byAddress.set(to, (byAddress.get(to) ?? 0n) + microUsd);
  return byAddress;
};

/** What must hold at every moment: nobody has got more than was earned, and nobody got anything who earned nothing. */
export function overpaid(transfers: readonly SeenTransfer[], payees: readonly Payee[]): string[] {
  const owed = new Map(payees.map(({ address, owedMicroUsd }) => [address.toLowerCase(), owedMicroUsd]));
  return [...sums(transfers)].flatMap(([address, paid]) => {
    const earned = owed.get(address) ?? 0n;
    return paid > earned ? [`${address} was paid ${usd(paid)} but earned ${usd(earned)}`] : [];
  });
}

/** One line for each payment: as the API tells it and as the token recorded it, they must be the same lines. */
const line = (to: string, microUsd: bigint, txHash: string): string =>
  `${usd(microUsd)} to ${to.toLowerCase()} in ${txHash}`;

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((each) => {
    const at = left.indexOf(each);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

function compare(payments: readonly SeenPayment[], transfers: readonly SeenTransfer[]): string[] {
  const told = payments
    .filter(({ status }) => status === 'paid')
    .map(({ payout_address, amount_usd, tx_hash }) => line(payout_address ?? '', amount_usd, tx_hash ?? ''));
  const recorded = transfers.map(({ to, microUsd, txHash }) => line(to, microUsd, txHash));
  return [
    ...without(told, recorded).map((each) => `the API says paid, the chain does not: ${each}`),
    ...without(recorded, told).map((each) => `the chain paid, the API does not say so: ${each}`),
  ];
}

export interface Books {
  /** What was earned, by those who put it into the books. */
  payees: readonly Payee[];
  /** The token's own record. */
  transfers: readonly SeenTransfer[];
  /** What the REST API says. */
  payments: readonly SeenPayment[];
  balances: readonly SeenBalance[];
  reconciliation: { ok: boolean; differences: readonly { account: string; detail: string }[] };
}

/**
 * When nothing may be open any more: no payout twice, none lost, none stuck. Neither the database nor anything that
 * settlement remembers is asked.
 */
export function wrongAtTheEnd({ payees, transfers, payments, balances, reconciliation }: Books): string[] {
  const byAddress = sums(transfers);
  const lost = payees.flatMap(({ address, owedMicroUsd }) => {
    const paid = byAddress.get(address.toLowerCase()) ?? 0n;
    return paid < owedMicroUsd ? [`${address} earned ${usd(owedMicroUsd)} but was paid ${usd(paid)}`] : [];
  });
  const stuck = payments
    .filter(({ status }) => status !== 'paid')
    .map(({ id, status, amount_usd, hold_reason }) =>
      `the payout ${id} of ${usd(amount_usd)} is ${status} ${hold_reason ?? ''}`.trim(),
    );
  const open = balances
    .filter(({ payable_usd, in_settlement_usd }) => payable_usd !== 0n || in_settlement_usd !== 0n)
    .map(({ orchestrator_id }) => `${orchestrator_id} has a balance that is not paid`);
  const named = reconciliation.differences.map(
    ({ account, detail }) => `the reconciliation names ${account}: ${detail}`,
  );
  const unnamed = reconciliation.ok || named.length > 0 ? [] : ['the reconciliation is not ok'];
  return [
    ...overpaid(transfers, payees),
    ...lost,
    ...stuck,
    ...open,
    ...compare(payments, transfers),
    ...named,
    ...unnamed,
  ];
}
