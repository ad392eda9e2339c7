-- Answers to requests that came with an Idempotency-Key, written in the transaction that did what was asked for.
create table payments.request_key (
  id bigint generated always as identity primary key,
  actor text not null,
  key text not null,
  route text not null,
  content_hash bytea not null,                             -- SHA-256 of what was asked for
  answer text not null,                                    -- JSON, as it was answered
  at timestamptz(3) not null default payments.clock(),
  unique (actor, key)
);
create trigger append_only before update or delete on payments.request_key for each row execute function ledger.refuse();
create trigger never_truncated before truncate on payments.request_key for each statement execute function ledger.refuse();
select ledger.seal_table('payments.request_key');
grant select, insert on payments.request_key to payroll_application;

-- The history of one payee, and of one day.
create index audit_by_subject on payments.audit (subject, id desc);
create index audit_by_time on payments.audit (at, id);

-- Wrong passwords by where they came from, shared by all replicas. Outside the books: no backup carries it.
create schema access;
create unlogged table access.wrong_password (
  source text primary key,                                 -- an address, or a device that signed in before
  wrong int not null,
  closed_until timestamptz(3) not null,
  forgotten_at timestamptz(3) not null
);
create index wrong_password_by_age on access.wrong_password (forgotten_at);
grant usage on schema access to payroll_application;
grant select, insert, update, delete on access.wrong_password to payroll_application;
