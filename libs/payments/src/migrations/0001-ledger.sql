-- The ledger: double entry in which an unbalanced state cannot be written down.
-- docs/ledger.md has the chart of accounts and the invariants. Only ledger.post() writes here.
create schema ledger;

create function ledger.refuse() returns trigger language plpgsql as $$
begin
  raise exception 'append-only: % on %.%', tg_op, tg_table_schema, tg_table_name using errcode = 'restrict_violation';
end $$;

-- The type and the unit of an account follow from its code, so that nobody can get them wrong.
create table ledger.account (
  id int generated always as identity primary key,
  code text not null unique check (code ~ '^(asset|liability|expense|income|equity):[a-z0-9_:-]+$'),
  type text not null generated always as (split_part(code, ':', 1)) stored,
  normal smallint not null generated always as (case when split_part(code, ':', 1) in ('asset', 'expense') then 1 else -1 end) stored,
  asset text not null generated always as (case when split_part(code, ':', 2) = 'gas' then 'GWEI' else 'USD6' end) stored,
  created_at timestamptz(3) not null default clock_timestamp()
);

-- One business event. Not partitioned: the idempotency key must be unique over all time.
create table ledger.journal_entry (
  id bigint generated always as identity (cache 1) primary key,
  kind text not null check (kind in ('accrual', 'reserve', 'paid', 'return', 'reorg', 'adjustment', 'gas', 'funding')),
  idempotency_key text not null unique check (length(idempotency_key) between 1 and 200),
  effective_at timestamptz(3) not null,                              -- when it is true in the world
  recorded_at timestamptz(3) not null default clock_timestamp(),     -- when we learned it
  reverses_id bigint references ledger.journal_entry (id),
  line_count int not null check (line_count > 0),
  total numeric not null check (total > 0),
  content_hash bytea not null check (octet_length(content_hash) = 32),
  meta jsonb not null default '{}'
);
create unique index journal_entry_reversed_once on ledger.journal_entry (reverses_id) where reverses_id is not null;

-- Balanced by construction: one debit, one credit, one positive amount.
create table ledger.transfer (
  effective_at timestamptz(3) not null,
  journal_entry_id bigint not null,
  debit_account_id int not null,
  credit_account_id int not null,
  amount bigint not null check (amount > 0),
  kind text not null,
  check (debit_account_id <> credit_account_id),
  primary key (credit_account_id, effective_at, journal_entry_id, debit_account_id)
) partition by range (effective_at);
create index transfer_by_debit on ledger.transfer (debit_account_id, effective_at) where kind <> 'accrual';
create index transfer_by_entry on ledger.transfer (journal_entry_id);
-- A second accrual of one payee for one period is refused by the ledger itself, whatever called it.
create unique index transfer_accrued_once on ledger.transfer (credit_account_id, effective_at) where kind = 'accrual';

-- A cache that ledger.rebuild_balances() can make anew; the lock target; the carrier of the floor.
create table ledger.account_balance (
  account_id int primary key references ledger.account (id),
  normal smallint not null,
  floor_zero boolean not null,
  debits bigint not null default 0,
  credits bigint not null default 0,
  version bigint not null default 0,
  constraint balance_not_below_zero check (not floor_zero or normal * (debits - credits) >= 0)
) with (fillfactor = 60);

do $$
declare t text;
begin
  foreach t in array array['account', 'journal_entry', 'transfer'] loop
    execute format('create trigger append_only before update or delete on ledger.%I for each row execute function ledger.refuse()', t);
    execute format('create trigger never_truncated before truncate on ledger.%I for each statement execute function ledger.refuse()', t);
  end loop;
end $$;

-- Monthly partitions from last month to `months` ahead; what lies outside lands in the default partition.
create function ledger.create_partitions(months int default 12) returns int language plpgsql
  security definer set search_path = ledger, pg_temp as $$
declare first date; name text; made int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('ledger.create_partitions'));
  for first in select generate_series(date_trunc('month', now() at time zone 'UTC') - interval '1 month',
                                      date_trunc('month', now() at time zone 'UTC') + make_interval(months => months),
                                      interval '1 month')::date loop
    name := 'transfer_' || to_char(first, 'YYYY_MM');
    continue when to_regclass('ledger.' || name) is not null;
    begin
      execute format('create table ledger.%I partition of ledger.transfer for values from (%L) to (%L)', name,
                     first::text || ' 00:00:00+00', (first + interval '1 month')::date::text || ' 00:00:00+00');
    exception when check_violation then
      continue;  -- transfers of this month are in the default partition already, and stay there
    end;
    execute format('create trigger never_truncated before truncate on ledger.%I for each statement execute function ledger.refuse()', name);
    made := made + 1;
  end loop;
  return made;
end $$;
create table ledger.transfer_default partition of ledger.transfer default;
create trigger never_truncated before truncate on ledger.transfer_default for each statement execute function ledger.refuse();
select ledger.create_partitions();

-- Makes missing accounts. Ordered, so that two writers of the same new accounts do not lock each other out.
create function ledger.ensure_accounts(_codes text[]) returns void language sql
  security definer set search_path = ledger, pg_temp as $$
  insert into account (code)
    select distinct c from unnest(_codes) c where not exists (select 1 from account a where a.code = c) order by c
    on conflict (code) do nothing;
  insert into account_balance (account_id, normal, floor_zero)
    select a.id, a.normal, a.code like 'liability:in_settlement:%' from account a
      where a.code = any (_codes) and not exists (select 1 from account_balance b where b.account_id = a.id)
      order by a.id
    on conflict (account_id) do nothing;
$$;

-- Posts one journal entry. The same key with the same content again returns the first id and writes nothing;
-- with other content it is an error. Needs READ COMMITTED: a loser of a race must see the winner's row.
create function ledger.post(
  _kind text, _key text, _effective_at timestamptz, _debits text[], _credits text[], _amounts bigint[],
  _meta jsonb default '{}', _reverses bigint default null, out entry_id bigint, out created boolean
) language plpgsql security definer set search_path = ledger, pg_temp as $$
declare hash bytea; lines int; sum_amount numeric; known bytea; ids int[]; moment timestamptz(3) := _effective_at;
begin
  if coalesce(cardinality(_debits), 0) = 0 or cardinality(_debits) <> cardinality(_credits)
     or cardinality(_debits) <> cardinality(_amounts) then
    raise exception 'a journal entry needs as many debits as credits and amounts, at least one' using errcode = 'check_violation';
  end if;

  select sha256(
      '\x01'::bytea || sha256(convert_to(_kind, 'UTF8')) || int8send((extract(epoch from moment) * 1000)::bigint)
      || sha256(convert_to(_key, 'UTF8')) || sha256(convert_to(_meta::text, 'UTF8')) || int8send(coalesce(_reverses, 0))
      || sha256(string_agg(sha256(convert_to(d, 'UTF8')) || sha256(convert_to(c, 'UTF8')) || int8send(a), ''::bytea
                           order by c collate "C", d collate "C", a))),
      count(*), sum(a)
    into hash, lines, sum_amount from unnest(_debits, _credits, _amounts) as line (d, c, a);

  insert into journal_entry (kind, idempotency_key, effective_at, reverses_id, line_count, total, content_hash, meta)
    values (_kind, _key, moment, _reverses, lines, sum_amount, hash, _meta)
    on conflict (idempotency_key) do nothing returning id into entry_id;
  if entry_id is null then
    select id, content_hash into strict entry_id, known from journal_entry where idempotency_key = _key;
    if known <> hash then
      raise exception 'idempotency key % was used with different content', _key using errcode = 'unique_violation';
    end if;
    created := false;
    return;
  end if;

  perform ensure_accounts(_debits || _credits);
  if exists (select 1 from unnest(_debits, _credits) as line (d, c)
             join account da on da.code = d join account ca on ca.code = c where da.asset <> ca.asset) then
    raise exception 'a transfer joins two accounts of one unit' using errcode = 'check_violation';
  end if;
  insert into transfer (effective_at, journal_entry_id, debit_account_id, credit_account_id, amount, kind)
    select moment, entry_id, da.id, ca.id, line.a, _kind
      from unnest(_debits, _credits, _amounts) as line (d, c, a)
      join account da on da.code = line.d join account ca on ca.code = line.c;

  select array_agg(id) into ids from account where code = any (_debits || _credits);
  perform 1 from account_balance where account_id = any (ids) order by account_id for update;  -- ordered: no deadlock
  update account_balance b set debits = b.debits + x.debit, credits = b.credits + x.credit, version = version + 1
    from (select a.id, sum(y.debit)::bigint as debit, sum(y.credit)::bigint as credit
            from (select unnest(_debits) as code, unnest(_amounts) as debit, 0::bigint as credit
                  union all select unnest(_credits), 0, unnest(_amounts)) y
            join account a on a.code = y.code group by a.id) x
    where b.account_id = x.id;
  created := true;
end $$;

-- What every account's cached balance would be if it were computed from the transfers alone.
create view ledger.balance_from_transfers as
  select a.id as account_id, coalesce(d.amount, 0) as debits, coalesce(c.amount, 0) as credits
    from ledger.account a
    left join (select debit_account_id as id, sum(amount) as amount from ledger.transfer group by 1) d on d.id = a.id
    left join (select credit_account_id as id, sum(amount) as amount from ledger.transfer group by 1) c on c.id = a.id;

-- Returns the number of cached balances that were wrong. Blocks posting while it runs.
create function ledger.rebuild_balances() returns int language plpgsql
  security definer set search_path = ledger, pg_temp as $$
declare wrong int;
begin
  lock table account_balance in share row exclusive mode;
  update account_balance b set debits = t.debits, credits = t.credits, version = version + 1
    from balance_from_transfers t
    where t.account_id = b.account_id and (b.debits, b.credits) is distinct from (t.debits, t.credits);
  get diagnostics wrong = row_count;
  return wrong;
end $$;

revoke all on all functions in schema ledger from public;
