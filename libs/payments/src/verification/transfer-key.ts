/** Names a row of ledger.transfer, called `t`, by its primary key. */
export const transferKey = `concat_ws(', ', 'credit_account_id=' || t.credit_account_id, 'effective_at=' || t.effective_at,
  'journal_entry_id=' || t.journal_entry_id, 'debit_account_id=' || t.debit_account_id)`;
