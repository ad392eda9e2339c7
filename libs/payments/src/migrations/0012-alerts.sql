-- What a person should know about. One open alert for each kind and subject: what goes on is counted, not repeated.
create table payments.alert (
  id uuid primary key default gen_random_uuid(),
  kind text not null check (kind ~ '^[a-z][a-z_]*$'),
  subject text not null,                                   -- 'orchestrator/<id>'
  text text not null,                                      -- one sentence for people, as it was last seen
  details jsonb not null default '{}',
  opened_at timestamptz(3) not null default payments.clock(),
  last_seen_at timestamptz(3) not null default payments.clock(),
  seen_count int not null default 1,
  resolved_at timestamptz(3)
);
create unique index alert_open_once on payments.alert (kind, subject) where resolved_at is null;
create index alert_by_time on payments.alert (opened_at desc, id desc);
create trigger identity_stays before update or delete on payments.alert for each row
  execute function payments.keep_columns('id', 'kind', 'subject', 'opened_at');
create trigger never_truncated before truncate on payments.alert for each statement execute function ledger.refuse();

grant select, insert, update (text, details, last_seen_at, seen_count, resolved_at) on payments.alert to payroll_application;
