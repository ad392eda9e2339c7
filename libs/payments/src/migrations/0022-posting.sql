-- ledger.post() as before (0015), content hash and all, but that a large entry compares no units of its accounts as words,
-- and that few accounts are looked up one by one: reading through all of them, of ten thousand payees, takes as long as
-- finding a thousand. What is set here holds within the function.
create or replace function ledger.post(
  _kind text, _key text, _effective_at timestamptz, _debits text[], _credits text[], _amounts bigint[],
  _meta jsonb default '{}', _reverses bigint default null, out entry_id bigint, out created boolean
) language plpgsql security definer set search_path = ledger, pg_temp set plan_cache_mode = force_custom_plan
  set enable_hashjoin = on set enable_mergejoin = on as $$
declare
  hash bytea; lines int; sum_amount numeric; known bytea; moment timestamptz(3) := _effective_at;
  ids int[]; in_other_units bigint; are_many text; nothing bigint[];
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

  are_many := lines > 500;
  perform set_config('enable_hashjoin', are_many, true), set_config('enable_mergejoin', are_many, true);
  -- The debited accounts, then the credited ones, each in the order of the lines.
  for attempt in 1..2 loop
    select array_agg(a.id order by given.place), count(*) filter (where a.asset <> 'USD6') into ids, in_other_units
      from unnest(_debits || _credits) with ordinality as given (code, place) left join account a on a.code = given.code;
    exit when array_position(ids, null) is null;
    perform ensure_accounts(_debits || _credits);
  end loop;
  if in_other_units > 0 and exists (
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
