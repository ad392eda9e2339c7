import { type AuthorizationFact, authorizationFacts, treasuryMovements } from '../chain/treasury-events.js';
import type { Receipt } from '../chain/eth-schemas.js';
import { toTokenUnits } from '../chain/token-units.js';
import type { PaymentFact } from '../reconciliation/seen-payments.js';
import type { SettlementItem } from './settlement-rows.js';

/** What a final tx of ours says about one of its payouts. */
export type ItemOutcome =
  | { kind: 'paid'; fact: PaymentFact }
  /** It moved nothing for this payout. Whether somebody else's tx did is another question. */
  | { kind: 'unused' }
  /** The tx succeeded, and the token did something else than was asked: nobody can say without looking. */
  | { kind: 'strange'; detail: string };

/**
 * Each payout by what the token recorded, never by the tx's status: a batch that succeeded may hold an item that failed,
 * and a token may answer "done" without having moved a cent.
 */
export function outcomeIn(
  receipt: Receipt,
  blockTime: Date,
  item: SettlementItem,
  decimals: number,
): ItemOutcome {
  return item.method === 'usdc'
    ? authorizationOutcome(receipt, blockTime, item)
    : transferOutcome(receipt, blockTime, item, toTokenUnits(item.amountMicroUsd, decimals));
}

type Facts = ReadonlyMap<string, AuthorizationFact>;

/** Of each receipt once, not for each of its payouts: every address in it costs a hash. */
const factsOfReceipts = new WeakMap<Receipt, Map<string, Facts>>();

function usedIn(receipt: Receipt, { tokenAddress, treasuryAddress }: SettlementItem): Facts {
  const ofReceipt = factsOfReceipts.get(receipt) ?? new Map<string, Facts>();
  factsOfReceipts.set(receipt, ofReceipt);
  const key = `${tokenAddress}/${treasuryAddress}`;
  const known = ofReceipt.get(key);
  if (known) return known;
  const used = authorizationFacts(receipt.logs, tokenAddress, treasuryAddress).filter(
    ({ kind }) => kind === 'used',
  );
  const facts = new Map(used.map((fact) => [fact.nonce, fact]));
  ofReceipt.set(key, facts);
  return facts;
}

function authorizationOutcome(receipt: Receipt, blockTime: Date, item: SettlementItem): ItemOutcome {
  const fact = usedIn(receipt, item).get(item.authorizationNonce ?? '');
  if (fact?.kind !== 'used' || !fact.transfer) return { kind: 'unused' };
  const { txHash, blockNumber, transfer } = fact;
  return {
    kind: 'paid',
    fact: { txHash, blockNumber, blockTime, toAddress: transfer.to, amount: transfer.value },
  };
}

function transferOutcome(
  { logs, status, transactionHash: txHash, blockNumber }: Receipt,
  blockTime: Date,
  item: SettlementItem,
  amount: bigint,
): ItemOutcome {
  const out = treasuryMovements(logs, item.tokenAddress, item.treasuryAddress).filter(
    ({ direction }) => direction === 'out',
  );
  if (!status && out.length === 0) return { kind: 'unused' };
  const [only, ...others] = out;
  if (only && others.length === 0 && only.otherAddress === item.payoutAddress && only.amount === amount) {
    return { kind: 'paid', fact: { txHash, blockNumber, blockTime, toAddress: only.otherAddress, amount } };
  }
  const moved = out.map((each) => `${each.amount} to ${each.otherAddress}`).join(', ');
  return {
    kind: 'strange',
    detail: `${txHash} succeeded, but the token moved ${moved === '' ? 'nothing' : moved} instead of ${amount} to ${item.payoutAddress}`,
  };
}
