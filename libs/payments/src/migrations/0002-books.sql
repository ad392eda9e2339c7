-- Who is paid, for what, by which rules, and what was judged. Everything but the work queue is append-only.
-- Needs PostgreSQL 14 (date_bin) and its contributed extension btree_gist, which a database owner may create.
create schema payments;
create extension if not exists btree_gist;

-- The one clock of the books: replicas may disagree about the time, their database cannot.
create function payments.clock() returns timestamptz language sql volatile
  as $$ select date_trunc('milliseconds', clock_timestamp()) $$;

create function payments.period_floor(at timestamptz, seconds int) returns timestamptz language sql immutable
  as $$ select date_bin(make_interval(secs => seconds), at, timestamptz '1970-01-01 00:00:00+00') $$;

create function payments.period_ceiling(at timestamptz, seconds int) returns timestamptz language sql immutable
  as $$ select payments.period_floor(at + make_interval(secs => seconds) - interval '1 millisecond', seconds) $$;

-- One row: these books. Its row lock serialises changes that people make.
create table payments.book (
  is_the_book boolean primary key default true check (is_the_book),
  ledger_id uuid not null default gen_random_uuid(),
  period_seconds int not null check (period_seconds between 1 and 3600 and 3600 % period_seconds = 0),
  opened_at timestamptz(3) not null default payments.clock()
);
create function payments.keep_book() returns trigger language plpgsql as $$
begin
  if tg_op <> 'UPDATE' or new.ledger_id <> old.ledger_id or new.opened_at <> old.opened_at then
    raise exception 'append-only: % on payments.book', tg_op using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger keep_book before update or delete on payments.book for each row execute function payments.keep_book();

create table payments.orchestrator (
  id uuid primary key default gen_random_uuid(),
  service_uri text not null check (service_uri ~ '^https?://'),
  origin text not null check (origin in ('environment', 'rest')),
  created_at timestamptz(3) not null default payments.clock()
);
create index orchestrator_by_age on payments.orchestrator (created_at, id);

-- A fact holds from effective_from on, until one that was recorded later takes effect.
create table payments.orchestrator_fact (
  id bigint generated always as identity primary key,
  orchestrator_id uuid not null references payments.orchestrator (id),
  fact text not null,
  value text,
  effective_from timestamptz(3) not null,
  recorded_at timestamptz(3) not null default payments.clock(),
  actor text not null,
  check (case fact
    when 'name' then length(value) between 1 and 200
    when 'status' then value is not null and value in ('active', 'paused', 'archived')
    when 'worker_url' then value is null or value ~ '^https?://'
    when 'worker_address' then value is not null and value ~ '^0x[0-9a-fA-F]{40}$'
    when 'payout_address' then value is null or value ~ '^0x[0-9a-fA-F]{40}$'
    else false end)
);
create index orchestrator_fact_newest on payments.orchestrator_fact (orchestrator_id, fact, id desc);
create index orchestrator_fact_by_worker on payments.orchestrator_fact (value) where fact = 'worker_address';

create function payments.fact_at(_orchestrator_id uuid, _fact text, _at timestamptz) returns text language sql stable as $$
  select value from payments.orchestrator_fact
    where orchestrator_id = _orchestrator_id and fact = _fact and effective_from <= _at order by id desc limit 1
$$;

-- orchestrator_id null: the default. A null rate of an orchestrator: follow the default again.
create table payments.rate (
  id bigint generated always as identity primary key,
  orchestrator_id uuid references payments.orchestrator (id),
  micro_usd_per_minute bigint check (micro_usd_per_minute >= 0),
  effective_from timestamptz(3) not null,
  created_at timestamptz(3) not null default payments.clock(),
  actor text not null,
  check (orchestrator_id is not null or micro_usd_per_minute is not null)
);
create index rate_in_force on payments.rate (orchestrator_id, effective_from desc, id desc);

create function payments.rate_at(_orchestrator_id uuid, _at timestamptz,
  out rate_id bigint, out micro_usd_per_minute bigint) language sql stable as $$
  select coalesce(own.id, general.id), coalesce(own.micro, general.micro)
    from (select id, micro_usd_per_minute as micro from payments.rate
            where orchestrator_id is null and effective_from <= _at order by effective_from desc, id desc limit 1) general
    left join (select id, micro from (
                 select id, micro_usd_per_minute as micro from payments.rate
                   where orchestrator_id = _orchestrator_id and effective_from <= _at
                   order by effective_from desc, id desc limit 1) newest
               where micro is not null) own on true
$$;

-- What must be up, and how much. An orchestrator's own policy leaves null what it takes from the default.
create table payments.policy (
  id bigint generated always as identity primary key,
  orchestrator_id uuid references payments.orchestrator (id),
  threshold_bp int check (threshold_bp between 0 and 9999),
  aggregation text check (aggregation in ('mean', 'min', 'all')),
  required_services text[] check (cardinality(required_services) between 1 and 100),
  effective_from timestamptz(3) not null,
  created_at timestamptz(3) not null default payments.clock(),
  actor text not null,
  check (orchestrator_id is not null
         or (threshold_bp is not null and aggregation is not null and required_services is not null))
);
create index policy_in_force on payments.policy (orchestrator_id, effective_from desc, id desc);

create function payments.policy_at(_orchestrator_id uuid, _at timestamptz,
  out policy_id bigint, out own_policy_id bigint, out threshold_bp int, out aggregation text, out required_services text[])
  language sql stable as $$
  select general.id, own.id, coalesce(own.threshold_bp, general.threshold_bp),
         coalesce(own.aggregation, general.aggregation), coalesce(own.required_services, general.required_services)
    from (select * from payments.policy
            where orchestrator_id is null and effective_from <= _at order by effective_from desc, id desc limit 1) general
    left join (select * from payments.policy
            where orchestrator_id = _orchestrator_id and effective_from <= _at
            order by effective_from desc, id desc limit 1) own on true
$$;

-- The work queue. `progress` says up to where periods of an orchestrator have been put into `pending_assessment`.
create table payments.assessment_progress (
  orchestrator_id uuid primary key references payments.orchestrator (id),
  opened_until timestamptz(3) not null
);
create table payments.pending_assessment (
  id uuid not null unique default gen_random_uuid(),       -- becomes the id of the assessment
  orchestrator_id uuid not null references payments.orchestrator (id),
  period_start timestamptz(3) not null,
  period_end timestamptz(3) not null check (period_end > period_start),
  attempts int not null default 0,
  first_attempt_at timestamptz(3),                         -- the grace runs from here
  next_attempt_at timestamptz(3) not null,                 -- also the lease of whoever is attempting now
  last_failure text,
  primary key (orchestrator_id, period_start)
);

create table payments.assessment (
  id uuid primary key,
  orchestrator_id uuid not null references payments.orchestrator (id),
  period_start timestamptz(3) not null,
  period_end timestamptz(3) not null check (period_end > period_start),
  decision text not null check (decision in ('paid', 'unpaid')),
  reason text,                                             -- a code; null when paid
  reason_text text not null,
  up_ms bigint,                                            -- over all required services; null without a sound report
  window_ms bigint check ((window_ms is null) = (up_ms is null) and up_ms between 0 and window_ms),
  amount_micro_usd bigint not null check (amount_micro_usd >= 0),
  rate_id bigint not null references payments.rate (id),
  rate_micro_usd_per_minute bigint not null,
  policy_id bigint not null references payments.policy (id),
  own_policy_id bigint references payments.policy (id),
  threshold_bp int not null,
  worker_address text,                                     -- the signer; null without a sound signature
  exclusive_worker boolean not null,
  attempts int not null,
  first_attempt_at timestamptz(3),
  decided_at timestamptz(3) not null default payments.clock(),
  check ((decision = 'paid') = (reason is null)),
  check (decision = 'paid' or amount_micro_usd = 0),
  check (decision = 'unpaid' or (up_ms is not null and worker_address is not null)),
  constraint assessment_once unique (orchestrator_id, period_start),
  constraint assessment_ranges_never_overlap
    exclude using gist (orchestrator_id with =, tstzrange(period_start, period_end) with &&)
);
create unique index assessment_worker_paid_once on payments.assessment (worker_address, period_start)
  where decision = 'paid' and exclusive_worker;
create index assessment_by_time on payments.assessment (period_start desc, orchestrator_id desc);

-- What the decision was made from, as it arrived.
create table payments.evidence (
  assessment_id uuid primary key references payments.assessment (id),
  challenge bytea not null check (octet_length(challenge) = 32),
  received_at timestamptz(3) not null,
  latency_ms int not null check (latency_ms >= 0),
  report bytea not null                                    -- JSON of the wire, raw deflate
);

create table payments.audit (
  id bigint generated always as identity primary key,
  at timestamptz(3) not null default payments.clock(),
  actor text not null,
  action text not null,
  subject text not null,
  before jsonb,
  after jsonb
);

do $$
declare t text;
begin
  foreach t in array array['orchestrator', 'orchestrator_fact', 'rate', 'policy', 'assessment', 'evidence', 'audit'] loop
    execute format('create trigger append_only before update or delete on payments.%I for each row execute function ledger.refuse()', t);
    execute format('create trigger never_truncated before truncate on payments.%I for each statement execute function ledger.refuse()', t);
  end loop;
end $$;

-- Changes the length of a period from the next full hour on. The short or long periods until then are opened at once,
-- so that no minute is lost and none is judged twice. Stop every distributor before.
create function payments.change_period(_seconds int) returns timestamptz language plpgsql as $$
declare boundary timestamptz; old_seconds int;
begin
  select period_seconds, payments.period_ceiling(payments.clock(), 3600) into strict old_seconds, boundary
    from payments.book for update;
  insert into payments.pending_assessment (orchestrator_id, period_start, period_end, next_attempt_at)
    select g.orchestrator_id, t, t + make_interval(secs => old_seconds), t
      from payments.assessment_progress g,
           generate_series(g.opened_until, boundary - make_interval(secs => old_seconds), make_interval(secs => old_seconds)) t
      where not exists (select 1 from payments.orchestrator_fact f
                          where f.orchestrator_id = g.orchestrator_id and f.fact = 'status' and f.value = 'archived')
    on conflict do nothing;
  update payments.assessment_progress set opened_until = greatest(opened_until, boundary);
  update payments.book set period_seconds = _seconds;
  return boundary;
end $$;
