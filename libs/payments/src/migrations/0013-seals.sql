-- Seals: batches of rows in a hash chain, so that whoever edits the books behind their back is found and the row named.
-- docs/ledger.md says what is covered, docs/decisions/0007-seals.md why it is made like this.
set local statement_timeout = 0;  -- on books with years in them, numbering the rows takes its time

-- What is sealed. A later migration adds its append-only table with ledger.seal_table().
create table ledger.sealed_table (
  name text primary key check (name ~ '^[a-z_]+\.[a-z0-9_]+$'),
  order_column text not null,           -- an identity: numbers the rows
  columns text[],                       -- null: all that the table has when a seal is made
  cutoff bigint                         -- whatever row up to this number will ever exist, exists
);

create table ledger.seal (
  sequence bigint primary key check (sequence > 0),
  sealed_at timestamptz(3) not null,
  row_count bigint not null check (row_count > 0),
  previous_hash bytea not null check (octet_length(previous_hash) = 32),
  hash bytea not null unique check (octet_length(hash) = 32)
);

-- The rows of one table in one seal: those numbered after `after_row` up to `last_row`.
create table ledger.seal_part (
  table_name text not null,
  last_row bigint not null,
  seal_sequence bigint not null references ledger.seal (sequence) deferrable initially deferred,
  after_row bigint not null,            -- the last_row of the part before; the least bigint at first
  columns text[] not null,              -- the first one numbers the rows
  row_numbers int8multirange not null,  -- numbers of refused inserts are missing
  row_count int not null check (row_count > 0),
  root bytea not null check (octet_length(root) = 32),    -- sha256 over the leaves in order; a leaf is the sha256 of a row
  fingerprints bytea not null check (octet_length(fingerprints) = 8 * row_count),  -- of each leaf: they name the row
  primary key (table_name, last_row)
);
create index seal_part_by_seal on ledger.seal_part (seal_sequence);

do $$
declare t text;
begin
  foreach t in array array['seal', 'seal_part'] loop
    execute format('create trigger append_only before update or delete on ledger.%I for each row execute function ledger.refuse()', t);
    execute format('create trigger never_truncated before truncate on ledger.%I for each statement execute function ledger.refuse()', t);
  end loop;
end $$;

-- Every writer of a sealed table holds this lock, shared, from before its rows get their numbers until it has ended.
create function ledger.hold_seal() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(7241605, 13);
  return null;
end $$;

-- Registers an append-only table: a number for each row, the writers' lock, a line in ledger.sealed_table.
create function ledger.seal_table(_table regclass, _columns text[] default null) returns void language plpgsql
  set search_path = ledger, pg_temp as $$
declare
  schema_name text; table_name text; order_column text;
begin
  select n.nspname, c.relname into strict schema_name, table_name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = _table;
  select attname into order_column from pg_attribute
    where attrelid = _table and attname = 'id' and attidentity = 'a' and atttypid in ('int'::regtype, 'bigint'::regtype);
  if order_column is null then
    order_column := 'seq';
    execute format('alter table %s add column seq bigint not null generated always as identity', _table);
    execute format('create unique index %I on %s (seq)', table_name || '_by_seq', _table);
  end if;
  execute format('create trigger hold_seal before insert on %s for each statement execute function ledger.hold_seal()', _table);
  insert into sealed_table (name, order_column, columns)
    values (schema_name || '.' || table_name, order_column, case when _columns is not null then order_column || _columns end);
end $$;

select ledger.seal_table('ledger.account');
select ledger.seal_table('ledger.journal_entry');  -- its content_hash covers its transfers
select ledger.seal_table('payments.orchestrator');
select ledger.seal_table('payments.orchestrator_fact');
select ledger.seal_table('payments.rate');
select ledger.seal_table('payments.policy');
select ledger.seal_table('payments.assessment');
select ledger.seal_table('payments.evidence');
select ledger.seal_table('payments.audit');
select ledger.seal_table('payments.payout_event');
select ledger.seal_table('payments.chain_authorization');
-- Of these rows, what never changes after they were written.
select ledger.seal_table('payments.payout', array['id', 'orchestrator_id', 'method', 'asset', 'number', 'amount_micro_usd',
  'payout_address', 'chain_id', 'token_address', 'treasury_address', 'authorization_nonce', 'created_at']);
select ledger.seal_table('payments.settlement',
  array['id', 'chain_id', 'from_address', 'nonce', 'tx_to', 'tx_data', 'created_at']);
select ledger.seal_table('payments.settlement_item', array['settlement_id', 'payout_id', 'position', 'valid_before']);
select ledger.seal_table('payments.attempt', array['settlement_id', 'seq', 'kind', 'raw_tx', 'tx_hash', 'max_fee_wei',
  'priority_fee_wei', 'gas_limit', 'signed_at']);

-- Waits until every writer under way has ended and notes how far the rows are complete. Nothing else is locked before, and
-- the lock is gone with this short transaction, so that hashing holds up no writer. Gives up after a second: the next call
-- tries again, and rows that are not sealed today are sealed tomorrow.
create function ledger.note_cutoffs() returns void language plpgsql
  security definer set search_path = ledger, pg_temp set lock_timeout = '1s' as $$
declare t record;
begin
  perform pg_advisory_xact_lock(7241605, 13);
  for t in select * from sealed_table order by name collate "C" loop
    execute format('update sealed_table set cutoff = (select max(%I) from %s) where name = %L', t.order_column, t.name, t.name);
  end loop;
end $$;

-- Seals the rows up to the noted cutoffs, at most so many of each table; `more` says that some are left. Nothing new:
-- sequence is null. A row is encoded as the JSON array of its columns, which depends on nothing but these settings.
create function ledger.seal_next(_rows_per_table int default 50000, out sequence bigint, out sealed_at timestamptz,
  out row_count bigint, out hash bytea, out more boolean) language plpgsql
  security definer set search_path = ledger, pg_temp set lock_timeout = '10s'
  set timezone = 'UTC' set datestyle = 'ISO' set bytea_output = 'hex' set extra_float_digits = 1 set jit = off as $$
declare
  t record; previous record; part record; part_columns text[]; after_row bigint; part_hashes bytea := '';
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a seal needs READ COMMITTED: it must see what was committed before its cutoff';
  end if;
  perform pg_advisory_xact_lock(7241605, 14);  -- of two sealers the second finds nothing new
  select s.sequence, s.hash into previous from seal s order by s.sequence desc limit 1;
  sequence := coalesce(previous.sequence, 0) + 1;
  sealed_at := date_trunc('milliseconds', clock_timestamp());
  row_count := 0;
  more := false;

  for t in select * from sealed_table where cutoff is not null order by name collate "C" loop
    select p.last_row into after_row from seal_part p where p.table_name = t.name order by p.last_row desc limit 1;
    after_row := coalesce(after_row, -9223372036854775808);
    continue when after_row >= t.cutoff;
    select coalesce(t.columns, array_agg(a.attname::text order by a.attname <> t.order_column, a.attnum)) into part_columns
      from pg_attribute a where a.attrelid = t.name::regclass and a.attnum > 0 and not a.attisdropped;
    execute format(
      'with leaf as (
         select %1$I::bigint as n, sha256(convert_to(jsonb_build_array(%2$s)::text, ''UTF8'')) as hash
           from %3$s where %1$I > $1 and %1$I <= $2 order by %1$I limit $3)
       select count(*)::int as rows, max(n) as last_row, range_agg(int8range(n, n, ''[]'')) as numbers,
              sha256(string_agg(hash, ''''::bytea order by n)) as root,
              string_agg(substring(hash for 8), ''''::bytea order by n) as fingerprints from leaf',
      t.order_column, (select string_agg(quote_ident(c), ', ' order by i) from unnest(part_columns) with ordinality x (c, i)), t.name)
      into part using after_row, t.cutoff, _rows_per_table;
    continue when part.rows = 0;
    insert into seal_part values (t.name, part.last_row, sequence, after_row, part_columns, part.numbers, part.rows,
                                  part.root, part.fingerprints);
    part_hashes := part_hashes || sha256(
      '\x03'::bytea || sha256(convert_to(t.name, 'UTF8')) || sha256(convert_to(array_to_string(part_columns, ','), 'UTF8'))
      || int8send(after_row) || int8send(part.last_row) || sha256(convert_to(part.numbers::text, 'UTF8'))
      || int4send(part.rows) || part.root || sha256(part.fingerprints));
    row_count := row_count + part.rows;
    more := more or part.rows = _rows_per_table;
  end loop;

  if row_count = 0 then
    sequence := null;
    return;
  end if;
  previous.hash := coalesce(previous.hash, decode(repeat('00', 32), 'hex'));
  hash := sha256('\x02'::bytea || int8send(sequence) || int8send((extract(epoch from sealed_at) * 1000)::bigint)
                 || int8send(row_count) || previous.hash || sha256(part_hashes));
  insert into seal values (sequence, sealed_at, row_count, previous.hash, hash);
end $$;

revoke all on function ledger.hold_seal(), ledger.seal_table(regclass, text[]), ledger.note_cutoffs(), ledger.seal_next(int)
  from public;
grant select on ledger.sealed_table, ledger.seal, ledger.seal_part to payroll_application;
grant execute on function ledger.note_cutoffs(), ledger.seal_next(int) to payroll_application;

-- `version` counted writes of a cached balance: nobody read it, and nobody could have verified it. ledger.post() is written
-- anew without it in 0015.
alter table ledger.account_balance drop column version;

create or replace function ledger.rebuild_balances() returns int language plpgsql
  security definer set search_path = ledger, pg_temp as $$
declare wrong int;
begin
  lock table account_balance in share row exclusive mode;
  update account_balance b set debits = t.debits, credits = t.credits
    from balance_from_transfers t
    where t.account_id = b.account_id and (b.debits, b.credits) is distinct from (t.debits, t.credits);
  get diagnostics wrong = row_count;
  return wrong;
end $$;
