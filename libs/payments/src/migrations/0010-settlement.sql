-- Payouts, and the settlements that carry them to the chain. docs/settlement.md has the state machine.
-- Facts that identify a payment never change after they were written; triggers see to it.

-- The emergency stop. Whoever reserves or signs holds this row, so that nothing is signed after a pause returned.
create table payments.settlement_control (
  only_row boolean primary key default true check (only_row),
  paused boolean not null default false,
  reason text,
  actor text,
  changed_at timestamptz(3) not null default clock_timestamp(),
  check (not paused or (reason is not null and actor is not null))
);
insert into payments.settlement_control default values;

create function payments.keep_columns() returns trigger language plpgsql as $$
declare
  kept text;
begin
  if tg_op = 'DELETE' then
    raise exception 'rows of % are never deleted', tg_table_name using errcode = 'restrict_violation';
  end if;
  foreach kept in array tg_argv loop
    if to_jsonb(old) -> kept is distinct from to_jsonb(new) -> kept then
      raise exception '%.% never changes', tg_table_name, kept using errcode = 'restrict_violation';
    end if;
  end loop;
  return new;
end $$;

create function payments.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'append-only: % on %', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;

-- One amount owed to one address.
create table payments.payout (
  id uuid primary key,                                   -- UUIDv5 of ledger, orchestrator, asset, number
  orchestrator_id uuid not null references payments.orchestrator (id),
  method text not null check (method in ('ledger', 'usdc')),
  asset text not null,                                   -- 'ledger' or 'usdc:<chain id>:<token>'
  number bigint not null check (number > 0),             -- counts the payouts of one orchestrator in one asset
  amount_micro_usd bigint not null check (amount_micro_usd > 0),
  payout_address text,
  chain_id bigint,
  token_address text,
  treasury_address text,
  authorization_nonce text check (authorization_nonce ~ '^0x[0-9a-f]{64}$'),
  status text not null check (status in ('reserved', 'held', 'sent', 'mined', 'paid', 'returned')),
  hold_reason text,
  cancel_requested boolean not null default false,       -- to be given back as soon as it provably cannot be paid any more
  first_signed_at timestamptz(3),
  valid_before bigint,                                   -- Unix seconds; the latest of all authorizations ever signed
  failures int not null default 0,                       -- final txs in which it was not executed
  retry_at timestamptz(3),
  tx_hash text,
  block_number bigint,
  outside_reference text,                                -- method ledger: where else it was paid
  created_at timestamptz(3) not null default payments.clock(),
  paid_at timestamptz(3),
  unique (orchestrator_id, asset, number),
  unique (authorization_nonce),
  check (method = 'ledger' or (payout_address is not null and chain_id is not null and token_address is not null
                               and treasury_address is not null and authorization_nonce is not null)),
  check ((status = 'held') = (hold_reason is not null)),
  check ((status = 'paid') = (paid_at is not null)),
  check ((first_signed_at is null) = (valid_before is null))
);
create index payout_by_orchestrator on payments.payout (orchestrator_id, created_at desc);
create index payout_by_time on payments.payout (created_at desc, id desc);
create index payout_open on payments.payout (created_at) where status not in ('paid', 'returned');
create index payout_signed on payments.payout (first_signed_at) where first_signed_at is not null;
create trigger identity_stays before update or delete on payments.payout for each row
  execute function payments.keep_columns('id', 'orchestrator_id', 'method', 'asset', 'number', 'amount_micro_usd',
    'payout_address', 'chain_id', 'token_address', 'treasury_address', 'authorization_nonce', 'created_at');

-- What happened to a payout, in order.
create table payments.payout_event (
  id bigint generated always as identity primary key,
  payout_id uuid not null references payments.payout (id),
  at timestamptz(3) not null default payments.clock(),
  status text not null,
  detail text not null
);
create index payout_event_by_payout on payments.payout_event (payout_id, id);
create trigger append_only before update or delete on payments.payout_event for each row
  execute function payments.refuse_change();

-- One sender on one chain, and the next nonce it may use. Its row lock serialises signing.
create table payments.lane (
  chain_id bigint not null,
  address text not null,
  next_nonce bigint not null check (next_nonce >= 0),
  status text not null default 'active' check (status in ('active', 'resync', 'paused')),
  pause_reason text,
  created_at timestamptz(3) not null default payments.clock(),
  primary key (chain_id, address),
  check ((status = 'paused') = (pause_reason is not null))
);

-- The transaction-to-be that owns a nonce. Its payload never changes; attempts differ in fees only.
create table payments.settlement (
  id uuid primary key default gen_random_uuid(),
  chain_id bigint not null,
  from_address text not null,
  nonce bigint not null,
  tx_to text not null,
  tx_data text not null,
  status text not null default 'signed' check (status in ('signed', 'sent', 'mined', 'final')),
  mined_tx_hash text,
  mined_block_number bigint,
  mined_block_hash text,
  receipt_ok boolean,
  gas_used numeric(78, 0),
  gas_price_wei numeric(78, 0),
  trouble text,                                          -- what a person should look at
  created_at timestamptz(3) not null default payments.clock(),
  final_at timestamptz(3),
  unique (chain_id, from_address, nonce),
  foreign key (chain_id, from_address) references payments.lane (chain_id, address),
  check ((status = 'mined') <= (mined_tx_hash is not null))
);
create index settlement_open on payments.settlement (chain_id, from_address, nonce) where status <> 'final';
create trigger payload_stays before update or delete on payments.settlement for each row
  execute function payments.keep_columns('id', 'chain_id', 'from_address', 'nonce', 'tx_to', 'tx_data', 'created_at');

create table payments.settlement_item (
  settlement_id uuid not null references payments.settlement (id),
  payout_id uuid not null references payments.payout (id),
  position int not null,
  valid_before bigint not null,
  outcome text check (outcome in ('paid', 'unused')),
  primary key (settlement_id, payout_id),
  unique (settlement_id, position)
);
-- A payout is bound to one settlement at a time, and to none any more once it was paid.
create unique index settlement_item_one_live on payments.settlement_item (payout_id) where outcome is distinct from 'unused';
create trigger binding_stays before update or delete on payments.settlement_item for each row
  execute function payments.keep_columns('settlement_id', 'payout_id', 'position', 'valid_before');

-- One signed version of a settlement: here before it is on the network.
create table payments.attempt (
  id bigint generated always as identity primary key,
  settlement_id uuid not null references payments.settlement (id),
  seq int not null check (seq >= 0),
  kind text not null check (kind in ('pay', 'cancel')),
  raw_tx text not null,
  tx_hash text not null unique,
  max_fee_wei numeric(78, 0) not null,
  priority_fee_wei numeric(78, 0) not null,
  gas_limit bigint not null,
  signed_at timestamptz(3) not null default payments.clock(),
  send_state text not null default 'signed' check (send_state in ('signed', 'maybe_sent', 'accepted', 'rejected')),
  first_sent_at timestamptz(3),
  last_sent_at timestamptz(3),
  send_count int not null default 0,
  last_error_class text,
  last_error text,
  unique (settlement_id, seq)
);
create trigger bytes_stay before update or delete on payments.attempt for each row
  execute function payments.keep_columns('id', 'settlement_id', 'seq', 'kind', 'raw_tx', 'tx_hash', 'max_fee_wei',
    'priority_fee_wei', 'gas_limit', 'signed_at');

-- How far the treasury's authorizations have been read from final blocks, and what was found there.
create table payments.authorization_scan (
  chain_id bigint not null,
  token_address text not null,
  treasury_address text not null,
  first_block bigint not null,
  scanned_to_block bigint not null,
  primary key (chain_id, token_address, treasury_address)
);
create table payments.chain_authorization (
  chain_id bigint not null,
  token_address text not null,
  treasury_address text not null,
  nonce text not null,
  kind text not null check (kind in ('used', 'cancelled')),
  tx_hash text not null,
  block_number bigint not null,
  block_time timestamptz(3) not null,
  to_address text,                                       -- of the Transfer that belongs to a used one
  amount numeric(78, 0),
  primary key (chain_id, token_address, treasury_address, nonce),
  check (kind <> 'used' or (to_address is not null and amount is not null))
);
create trigger append_only before update or delete on payments.chain_authorization for each row
  execute function payments.refuse_change();
