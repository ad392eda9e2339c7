-- What a payee claims for itself alone, a second and a late report, how far a worker's clock is off, and which workers do
-- not answer. docs/assessment.md tells the rules.

-- Containers and Docker Engines belong to the payee that was first paid for them. A new generation begins only when the
-- owner was archived before. The owner at a time is the latest claim that had begun by then, before the first one the first.
-- The key decides between two payees that claim the same in the same moment, whatever period they do it for.
create table payments.stack_claim (
  kind text not null check (kind in ('container', 'engine')),
  claimed_id text not null check (length(claimed_id) between 1 and 256),
  generation int not null check (generation > 0),
  orchestrator_id uuid not null references payments.orchestrator (id),
  claimed_from timestamptz(3) not null,                    -- start of the period that was paid
  claimed_at timestamptz(3) not null default payments.clock(),
  primary key (kind, claimed_id, generation)
);

-- What the worker had to offer; null: anything.
alter table payments.assessment add column required_capability text;

-- How far the worker's clock was ahead (below zero: behind); null without a report that the worker signed.
alter table payments.evidence add column clock_skew_ms bigint;

-- The second of the two reports that make an equivocation; the first is in payments.evidence.
create table payments.second_evidence (
  assessment_id uuid primary key references payments.assessment (id),
  challenge bytea not null check (octet_length(challenge) = 32),
  received_at timestamptz(3) not null,
  latency_ms int not null check (latency_ms >= 0),
  report bytea not null                                    -- JSON of the wire, compressed (docs/assessment.md)
);

-- Reports that came after the decision, with the judgement that they would have led to. Paid by an adjustment only.
create table payments.late_evidence (
  id bigint generated always as identity primary key,
  assessment_id uuid not null references payments.assessment (id),
  origin text not null check (origin in ('late', 'other_replica')),
  challenge bytea not null check (octet_length(challenge) = 32),
  received_at timestamptz(3) not null,
  latency_ms int not null check (latency_ms >= 0),
  clock_skew_ms bigint,
  report bytea not null,                                   -- JSON of the wire, compressed (docs/assessment.md)
  reason text,                                             -- null when it would have been paid
  reason_text text not null,
  up_ms bigint,
  window_ms bigint,
  amount_micro_usd bigint not null check (amount_micro_usd >= 0),
  worker_address text,
  unique (assessment_id, challenge)
);

-- Whom to ask for late evidence: assessments that had none. Rows are deleted when it came, or after thirty days.
create table payments.late_request (
  assessment_id uuid primary key references payments.assessment (id),
  orchestrator_id uuid not null references payments.orchestrator (id),
  period_start timestamptz(3) not null,
  period_end timestamptz(3) not null,
  attempts int not null default 0,
  next_attempt_at timestamptz(3) not null                  -- also the lease of whoever is asking now
);
create index late_request_by_orchestrator on payments.late_request (orchestrator_id, next_attempt_at);
create index late_request_by_age on payments.late_request (period_end);

-- A worker that does not answer is asked for nothing before retry_at, whatever is due: it must not cost more than one
-- question at a time, nor keep others from their turn.
alter table payments.assessment_progress
  add column failures int not null default 0,              -- questions in a row that were not answered
  add column retry_at timestamptz(3) not null default '-infinity';
-- The first question that is not answered begins the grace of all that is due.
create index pending_assessment_never_attempted on payments.pending_assessment (orchestrator_id)
  where first_attempt_at is null;

do $$
declare t text;
begin
  foreach t in array array['stack_claim', 'second_evidence', 'late_evidence'] loop
    execute format('create trigger append_only before update or delete on payments.%I for each row execute function ledger.refuse()', t);
    execute format('create trigger never_truncated before truncate on payments.%I for each statement execute function ledger.refuse()', t);
    perform ledger.seal_table(format('payments.%I', t)::regclass);
  end loop;
end $$;

grant select on payments.stack_claim, payments.second_evidence, payments.late_evidence, payments.late_request to payroll_application;
grant insert on payments.stack_claim, payments.second_evidence, payments.late_evidence to payroll_application;
grant insert, delete, update (attempts, next_attempt_at) on payments.late_request to payroll_application;
grant update (failures, retry_at) on payments.assessment_progress to payroll_application;
