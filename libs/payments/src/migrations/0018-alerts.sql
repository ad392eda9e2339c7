-- Who was told of an alert, who does not want to be told, and what is on its way. docs/operations.md tells what a person
-- does about each kind.

alter table payments.alert
  add column notified_at timestamptz(3),                   -- last told: opened, or a reminder; null: nobody yet
  add column recovery_told_at timestamptz(3),              -- told that it is over, or that it went on under a new row
  add column closed_by text,                               -- a person; null when it ended by itself
  add column closed_reason text,
  add check ((closed_by is null) = (closed_reason is null) and (closed_by is null or resolved_at is not null));
create index alert_to_tell on payments.alert (opened_at)
  where resolved_at is null or (notified_at is not null and recovery_told_at is null);
create index alert_by_subject on payments.alert (kind, subject, opened_at desc);

-- What holds but is not an alert yet, and what is gone but not over yet: each must last before anybody is told.
create table payments.alert_condition (
  kind text not null,
  subject text not null,
  holds boolean not null,
  since timestamptz(3) not null,
  primary key (kind, subject)
);

-- Null: any kind, any subject.
create table payments.alert_silence (
  id uuid primary key default gen_random_uuid(),
  kind text,
  subject text,
  reason text not null check (length(reason) between 1 and 500),
  created_by text not null,
  created_at timestamptz(3) not null default payments.clock(),
  starts_at timestamptz(3) not null default payments.clock(),
  ends_at timestamptz(3) not null check (ends_at > starts_at),
  ended_at timestamptz(3),                                 -- by a person, before its time
  ended_by text,
  check ((ended_at is null) = (ended_by is null))
);
create index alert_silence_by_end on payments.alert_silence (ends_at);
create index alert_silence_by_time on payments.alert_silence (created_at desc, id desc);
create trigger identity_stays before update or delete on payments.alert_silence for each row
  execute function payments.keep_columns('id', 'kind', 'subject', 'reason', 'created_by', 'created_at', 'starts_at', 'ends_at');

create function payments.silenced_until(_kind text, _subject text, _at timestamptz) returns timestamptz language sql stable as $$
  select max(ends_at) from payments.alert_silence
    where starts_at <= _at and ends_at > _at and ended_at is null
      and (kind is null or kind = _kind) and (subject is null or subject = _subject)
$$;

-- One thing to tell, in the words that every attempt to tell it uses. Its id stays the same for whoever receives it.
create table payments.alert_event (
  id uuid primary key default gen_random_uuid(),
  alert_id uuid not null references payments.alert (id),
  event text not null check (event in ('opened', 'reminder', 'resolved')),
  at timestamptz(3) not null default payments.clock(),
  payload jsonb not null
);
create index alert_event_by_alert on payments.alert_event (alert_id);
create index alert_event_by_time on payments.alert_event (at);
create trigger identity_stays before update on payments.alert_event for each row execute function payments.refuse_change();

-- The outbox: an event on its way to a channel. At least once: a claim is a lease, and who dies holding it leaves it to others.
create table payments.alert_delivery (
  event_id uuid not null references payments.alert_event (id) on delete cascade,
  channel text not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
  attempts int not null default 0,
  next_attempt_at timestamptz(3) not null default payments.clock(),
  last_error text,
  created_at timestamptz(3) not null default payments.clock(),
  delivered_at timestamptz(3),
  primary key (event_id, channel),
  check ((status = 'delivered') = (delivered_at is not null))
);
create index alert_delivery_due on payments.alert_delivery (channel, next_attempt_at) where status = 'pending';
create index alert_delivery_by_time on payments.alert_delivery (created_at desc, event_id desc, channel);

grant execute on function payments.silenced_until(text, text, timestamptz) to payroll_application;
grant update (notified_at, recovery_told_at, closed_by, closed_reason) on payments.alert to payroll_application;
grant select, insert, delete, update (holds, since) on payments.alert_condition to payroll_application;
grant select, insert, update (ended_at, ended_by) on payments.alert_silence to payroll_application;
grant select, insert, delete on payments.alert_event to payroll_application;
grant select, insert, delete, update (status, attempts, next_attempt_at, last_error, delivered_at)
  on payments.alert_delivery to payroll_application;
