export { account } from './ledger/account.js';
export {
  type EntryKind,
  InvalidEntryError,
  type NewJournalEntry,
  type Transfer,
} from './ledger/journal-entry.js';
export { Ledger, type PostedEntry } from './ledger/ledger.js';
export { paymentsMigrations } from './migrations/folder.js';
export { formatUsd, InvalidAmountError, MICRO_PER_USD, parseUsd, usdSchema } from './money/micro-usd.js';
export { rewardMicroUsd } from './money/reward.js';
