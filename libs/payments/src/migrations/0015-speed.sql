-- Ten thousand payees a minute: ledger.post() in fewer passes, and indexes that grow at one end. docs/benchmarks.md has
-- what it brought. Nothing here changes what may be written or what is read.
set local statement_timeout = 0;  -- on books with years in them, making an index takes its time

-- An index that begins with the payee is touched in as many places as there are payees, each minute; one that begins with
-- the time in one place. Both kinds refuse the same rows.
drop index ledger.transfer_accrued_once;
create unique index transfer_accrued_once on ledger.transfer (effective_at, credit_account_id) where kind = 'accrual';
drop index payments.assessment_worker_paid_once;
create unique index assessment_worker_paid_once on payments.assessment (period_start, worker_address)
  where decision = 'paid' and exclusive_worker;

-- Ids of assessments for the same reason: UUIDs of version 7, which begin with the time in milliseconds.
create function payments.time_ordered_uuid() returns uuid language sql volatile as $$
  select encode(
    set_byte(overlay(uuid_send(id) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                     from 1 for 6), 6, 112 | (get_byte(uuid_send(id), 6) & 15)), 'hex')::uuid
    from (select gen_random_uuid() as id offset 0) as random
$$;
alter table payments.pending_assessment alter column id set default payments.time_ordered_uuid();
-- Every row of the queue is claimed once at least: the new version finds room beside the old one, the indexes stay as they are.
alter table payments.pending_assessment set (fillfactor = 50);

-- Cached balances: two for each accrual. With room for a new version of every row on its page no index is written; and no
-- update has to ask whether the account is still there: rows are made by ensure_accounts() alone, accounts are never deleted.
alter table ledger.account_balance set (fillfactor = 40);
alter table ledger.account_balance drop constraint account_balance_account_id_fkey;

-- Adds to cached balances, in the order of the accounts: without hash joins every plan takes them in this order, so that
-- two entries with the same accounts never wait for each other in a circle.
create function ledger.add_to_balances(_ids int[], _debits bigint[], _credits bigint[]) returns void language plpgsql
  set search_path = ledger, pg_temp set plan_cache_mode = force_custom_plan set enable_hashjoin = off as $$
begin
  if (select count(distinct id) from unnest(_ids) as id) < cardinality(_ids) then
    select array_agg(id), array_agg(debit), array_agg(credit) into _ids, _debits, _credits
      from (select id, sum(debit)::bigint as debit, sum(credit)::bigint as credit
              from unnest(_ids, _debits, _credits) as line (id, debit, credit) group by id) as account;
  end if;
  update account_balance b set debits = b.debits + line.debit, credits = b.credits + line.credit
    from (select id, debit, credit from unnest(_ids, _debits, _credits) as line (id, debit, credit) order by id) as line
    where b.account_id = line.id;
end $$;
revoke all on function ledger.add_to_balances(int[], bigint[], bigint[]) from public;

-- As before (0013), the content hash too, but the accounts are looked up once, and made only when one is missing. A plan that
-- was made for an entry of one line would be kept for one of ten thousand: each is planned.
create or replace function ledger.post(
  _kind text, _key text, _effective_at timestamptz, _debits text[], _credits text[], _amounts bigint[],
  _meta jsonb default '{}', _reverses bigint default null, out entry_id bigint, out created boolean
) language plpgsql security definer set search_path = ledger, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  hash bytea; lines int; sum_amount numeric; known bytea; moment timestamptz(3) := _effective_at;
  ids int[]; has_one_unit boolean; nothing bigint[];
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

  -- The debited accounts, then the credited ones, each in the order of the lines.
  for attempt in 1..2 loop
    select array_agg(a.id order by given.place), min(a.asset) = max(a.asset) into ids, has_one_unit
      from unnest(_debits || _credits) with ordinality as given (code, place) left join account a on a.code = given.code;
    exit when array_position(ids, null) is null;
    perform ensure_accounts(_debits || _credits);
  end loop;
  if not has_one_unit and exists (
    select 1 from unnest(ids[:lines], ids[lines + 1:]) as line (d, c)
      join account da on da.id = d join account ca on ca.id = c where da.asset <> ca.asset) then
    raise exception 'a transfer joins two accounts of one unit' using errcode = 'check_violation';
  end if;

  insert into transfer (effective_at, journal_entry_id, debit_account_id, credit_account_id, amount, kind)
    select moment, entry_id, d, c, a, _kind from unnest(ids[:lines], ids[lines + 1:], _amounts) as line (d, c, a) order by c;
  nothing := array_fill(0::bigint, array[lines]);
  perform add_to_balances(ids, _amounts || nothing, nothing || _amounts);
  created := true;
end $$;
