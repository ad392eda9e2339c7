-- Ways to find what adjustments, imports and archives ask for. No table, no function.
create index journal_entry_adjustments on ledger.journal_entry (id desc) where kind = 'adjustment';
create index orchestrator_by_service_uri on payments.orchestrator (service_uri);
create index orchestrator_fact_archived on payments.orchestrator_fact (orchestrator_id)
  where fact = 'status' and value = 'archived';
