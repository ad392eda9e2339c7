import { isGasAccount } from './account.js';

export type EntryKind =
  'accrual' | 'reserve' | 'paid' | 'return' | 'reorg' | 'adjustment' | 'gas' | 'funding';

/** One debit, one credit, one positive amount. Gas is counted in gwei, everything else in micro-dollars. */
export type Transfer = { readonly debit: string; readonly credit: string } & (
  { readonly amountMicroUsd: bigint } | { readonly amountGwei: bigint }
);

export interface NewJournalEntry {
  readonly kind: EntryKind;
  /** Business key of the event, unique for ever: `payout/<id>/reserve`. At most 200 characters. */
  readonly idempotencyKey: string;
  /** When it is true in the world; when it was recorded is the database's affair. */
  readonly effectiveAt: Date;
  /** At least one; at most one for each pair of debit and credit. */
  readonly transfers: readonly Transfer[];
  /** The entry that this one undoes; an entry is reversed at most once. */
  readonly reversesId?: bigint;
  /** Part of the content that a replay must repeat. JSON values only. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

export class InvalidEntryError extends Error {
  override readonly name = 'InvalidEntryError';
}

/** The amount of a transfer in the unit of its accounts. @throws InvalidEntryError */
export function transferAmount(transfer: Transfer): bigint {
  const amount = 'amountGwei' in transfer ? transfer.amountGwei : transfer.amountMicroUsd;
  const inGwei = 'amountGwei' in transfer;
  if (amount <= 0n) throw new InvalidEntryError(`a transfer moves a positive amount, not ${amount}`);
  if (transfer.debit === transfer.credit) throw new InvalidEntryError(`${transfer.debit} on both sides`);
  if (isGasAccount(transfer.debit) !== inGwei || isGasAccount(transfer.credit) !== inGwei) {
    throw new InvalidEntryError(`${transfer.debit} → ${transfer.credit} is given in the wrong unit`);
  }
  return amount;
}
