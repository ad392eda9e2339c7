-- Each BYOC job by which a distributor asked for evidence: when, how long it took, what came of it. Kept beside the
-- assessment of its period, failed ones too. With EVIDENCE_SOURCE=worker there are none.
create table payments.evidence_job (
  job_id uuid primary key,
  orchestrator_id uuid not null references payments.orchestrator (id),
  period_start timestamptz(3) not null,
  challenge bytea not null check (octet_length(challenge) = 32),  -- evidence with the same one came by this job
  sent_at timestamptz(3) not null,
  latency_ms int not null check (latency_ms >= 0),
  outcome text not null check (outcome in ('success', 'transient', 'permanent', 'unknown')),
  status int check (status between 100 and 999),                   -- null without an answer
  done_by text,                                                    -- the orchestrator that the gateway named
  detail text not null default ''                                  -- why it did not succeed
);
create index evidence_job_by_period on payments.evidence_job (orchestrator_id, period_start);

create trigger append_only before update or delete on payments.evidence_job for each row execute function ledger.refuse();
create trigger never_truncated before truncate on payments.evidence_job for each statement execute function ledger.refuse();
select ledger.seal_table('payments.evidence_job');

grant select, insert on payments.evidence_job to payroll_application;
