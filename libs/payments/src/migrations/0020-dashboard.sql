-- What the dashboard shows fast, and how payees sign in. No part of the books: the sums can be made again from the
-- assessments, no payment is made from them, they are neither sealed nor backed up. docs/dashboard.md tells more.
create schema dashboard;

-- Uptime and pay of one orchestrator in one hour or UTC day. A period counts where it starts.
create table dashboard.uptime (
  span text not null check (span in ('hour', 'day')),
  starts_at timestamptz(3) not null,
  orchestrator_id uuid not null,
  periods int not null,
  paid_periods int not null,
  judged_ms bigint not null,                               -- length of all periods
  up_ms bigint not null,                                   -- of these; a period without a sound report adds nothing
  amount_micro_usd bigint not null,
  primary key (span, orchestrator_id, starts_at)
);
create index uptime_by_time on dashboard.uptime (span, starts_at, orchestrator_id);

-- Why periods were not paid, with the words of the latest of them.
create table dashboard.unpaid (
  span text not null check (span in ('hour', 'day')),
  starts_at timestamptz(3) not null,
  orchestrator_id uuid not null,
  reason text not null,
  periods int not null,
  latest_period timestamptz(3) not null,
  latest_text text not null,
  primary key (span, orchestrator_id, starts_at, reason)
);
create index unpaid_by_time on dashboard.unpaid (span, starts_at, orchestrator_id);

-- What sound reports said about each service.
create table dashboard.service_uptime (
  span text not null check (span in ('hour', 'day')),
  starts_at timestamptz(3) not null,
  orchestrator_id uuid not null,
  service text not null,
  up_ms bigint not null,
  down_ms bigint not null,
  starting_ms bigint not null,
  unknown_ms bigint not null,
  primary key (span, orchestrator_id, starts_at, service)
);

-- Up to which assessment the sums hold. Whoever adds to them holds this row.
create table dashboard.progress (
  only_row boolean primary key default true check (only_row),
  up_to_seq bigint not null default 0
);
insert into dashboard.progress default values;

-- How far the assessments are complete: none with a number up to this one will ever appear later. Their writers hold a
-- shared lock from before they number a row until they end (0013); when none does now, everything numbered is there. The
-- lock is only tried, so that no writer waits; when one is writing, what was noted for the seals is answered.
create function dashboard.complete_up_to() returns bigint language plpgsql volatile
  security definer set search_path = payments, ledger, pg_temp as $$
declare complete bigint;
begin
  if pg_try_advisory_xact_lock(7241605, 13) then
    select max(seq) into complete from assessment;
  else
    select cutoff into complete from sealed_table where name = 'payments.assessment';
  end if;
  return coalesce(complete, 0);
end $$;
revoke all on function dashboard.complete_up_to() from public;

-- A message that somebody may sign to prove who they are (EIP-4361): these very words, once. Deleted when it is used or old.
create table dashboard.sign_in_message (
  nonce text primary key check (nonce ~ '^[0-9a-zA-Z]{16,64}$'),
  address text not null check (address ~ '^0x[0-9a-fA-F]{40}$'),
  message text not null,
  issued_at timestamptz(3) not null default clock_timestamp(),
  expires_at timestamptz(3) not null
);
create index sign_in_message_by_expiry on dashboard.sign_in_message (expires_at);

-- Whose is what a payee may see: both are asked by address, whatever its capitals.
create index orchestrator_fact_by_address on payments.orchestrator_fact (lower(value))
  where fact in ('payout_address', 'worker_address');

grant usage on schema dashboard to payroll_application;
grant select, insert, update on dashboard.uptime, dashboard.unpaid, dashboard.service_uptime to payroll_application;
grant select, update (up_to_seq) on dashboard.progress to payroll_application;
grant select, insert, delete on dashboard.sign_in_message to payroll_application;
grant execute on function dashboard.complete_up_to() to payroll_application;
