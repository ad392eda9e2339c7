-- Settlement whole: method erc20, cancelling a nonce, what came into and left the treasury, gas read from the chain, blocks
-- that were final and left the chain, and the runs of the reconciliation. docs/settlement.md tells the rules.

-- A method says what identifies a payment on the chain: usdc its authorization, erc20 the one tx that may carry it.
do $$
declare old_check record;
begin
  for old_check in
    select conname from pg_constraint
      where conrelid = 'payments.payout'::regclass and contype = 'c'
        and (pg_get_constraintdef(oid) like '%method%' or pg_get_constraintdef(oid) like '%valid_before%') loop
    execute format('alter table payments.payout drop constraint %I', old_check.conname);
  end loop;
end $$;
alter table payments.payout
  add column reorgs int not null default 0,              -- how often it was paid in a final block that left the chain
  add constraint payout_method_known check (method in ('ledger', 'usdc', 'erc20')),
  add constraint payout_on_chain check (method = 'ledger'
    or (payout_address is not null and chain_id is not null and token_address is not null and treasury_address is not null)),
  add constraint payout_authorized check ((method = 'usdc') = (authorization_nonce is not null)),
  add constraint payout_valid_before check (
    (valid_before is not null) = (method = 'usdc' and first_signed_at is not null));
grant update (reorgs) on payments.payout to payroll_application;
alter table payments.settlement_item alter column valid_before drop not null;  -- erc20: a transfer does not expire

-- Edge E7: a person gives a nonce up. What the tx cost, exactly, a rollup's share of the main chain's fee included.
alter table payments.settlement
  add column cancel_requested boolean not null default false,
  add column gas_cost_wei numeric(78, 0);
grant update (cancel_requested, gas_cost_wei) on payments.settlement to payroll_application;
create index settlement_by_time on payments.settlement (created_at desc, id desc);
create index settlement_mined_in on payments.settlement (chain_id, mined_block_number desc) where status = 'final';

-- What a final block says may be taken back when the block turns out not to have been final: the fact stays, a loss is added.
alter table payments.chain_authorization
  add column block_hash text,                            -- null: read before this migration
  add column generation int not null default 1 check (generation > 0);
alter table payments.chain_authorization drop constraint chain_authorization_pkey;
alter table payments.chain_authorization
  add primary key (chain_id, token_address, treasury_address, nonce, generation);
create table payments.lost_authorization (
  chain_id bigint not null,
  token_address text not null,
  treasury_address text not null,
  nonce text not null,
  generation int not null,
  noticed_at timestamptz(3) not null default payments.clock(),
  primary key (chain_id, token_address, treasury_address, nonce, generation),
  foreign key (chain_id, token_address, treasury_address, nonce, generation)
    references payments.chain_authorization (chain_id, token_address, treasury_address, nonce, generation)
);
create view payments.final_authorization as
  select c.* from payments.chain_authorization c
   where not exists (select 1 from payments.lost_authorization l
                      where l.chain_id = c.chain_id and l.token_address = c.token_address
                        and l.treasury_address = c.treasury_address and l.nonce = c.nonce and l.generation = c.generation);

-- The hash of the block up to which was read shows whether it is still in the chain. Movements are read from a block on
-- at which the treasury's balance was asked for: what it held is its opening funding.
alter table payments.authorization_scan
  add column scanned_hash text,
  add column movements_from bigint,
  add column opening_amount numeric(78, 0),
  add check ((movements_from is null) = (opening_amount is null));
grant update (scanned_hash, movements_from, opening_amount) on payments.authorization_scan to payroll_application;

-- Every transfer of the token from or to the treasury in final blocks.
create table payments.treasury_movement (
  chain_id bigint not null,
  token_address text not null,
  treasury_address text not null,
  block_hash text not null,
  log_index bigint not null,
  block_number bigint not null,
  block_time timestamptz(3) not null,
  tx_hash text not null,
  direction text not null check (direction in ('in', 'out')),
  other_address text not null,
  amount numeric(78, 0) not null check (amount >= 0),    -- in the token's smallest unit
  authorization_nonce text,                              -- of the authorization that it belongs to
  losses int not null default 0,                         -- how often its block left the chain
  is_lost boolean not null default false,
  primary key (chain_id, token_address, treasury_address, block_hash, log_index)
);
create index treasury_movement_by_tx on payments.treasury_movement (tx_hash);
create index treasury_movement_by_block on payments.treasury_movement (chain_id, token_address, treasury_address, block_number);
create trigger facts_stay before update or delete on payments.treasury_movement for each row
  execute function payments.keep_columns('chain_id', 'token_address', 'treasury_address', 'block_hash', 'log_index',
    'block_number', 'block_time', 'tx_hash', 'direction', 'other_address', 'amount', 'authorization_nonce');
create trigger never_truncated before truncate on payments.treasury_movement for each statement execute function ledger.refuse();

-- What a person said about money that left the treasury without these books: whose it was, and why.
create table payments.foreign_payment (
  id uuid primary key default gen_random_uuid(),
  chain_id bigint not null,
  token_address text not null,
  treasury_address text not null,
  tx_hash text not null,
  log_index bigint not null,
  authorization_nonce text,
  to_address text not null,
  amount_micro_usd bigint not null check (amount_micro_usd > 0),
  payout_id uuid references payments.payout (id),        -- the payout that it was taken over as; null: a withdrawal
  actor text not null,
  reason text not null,
  at timestamptz(3) not null default payments.clock(),
  unique (chain_id, token_address, tx_hash, log_index)
);

-- The gas payer at a final block: what it held, what our txs had cost by then, and what else came or went since the reading
-- before.
create table payments.gas_reading (
  id bigint generated always as identity primary key,
  chain_id bigint not null,
  address text not null,
  block_number bigint not null,
  nonce bigint not null,
  balance_wei numeric(78, 0) not null,
  spent_wei numeric(78, 0) not null,
  funded_wei numeric(78, 0) not null,                    -- below zero: taken out by a person's leave
  at timestamptz(3) not null default payments.clock(),
  unique (chain_id, address, block_number)
);

-- The reconciliation, each time that it was made to be kept.
create table payments.reconciliation_run (
  id uuid primary key default gen_random_uuid(),
  at timestamptz(3) not null default payments.clock(),
  cause text not null check (cause in ('hourly', 'demand')),
  actor text not null,
  ok boolean not null,
  checked_at_block bigint,
  accounts jsonb not null,
  differences jsonb not null
);
create index reconciliation_run_by_time on payments.reconciliation_run (at desc, id desc);

do $$
declare t text;
begin
  foreach t in array array['lost_authorization', 'foreign_payment', 'gas_reading', 'reconciliation_run'] loop
    execute format('create trigger append_only before update or delete on payments.%I for each row execute function ledger.refuse()', t);
    execute format('create trigger never_truncated before truncate on payments.%I for each statement execute function ledger.refuse()', t);
    perform ledger.seal_table(format('payments.%I', t)::regclass);
  end loop;
end $$;

grant select on payments.lost_authorization, payments.final_authorization, payments.treasury_movement, payments.foreign_payment,
  payments.gas_reading, payments.reconciliation_run to payroll_application;
grant insert on payments.lost_authorization, payments.treasury_movement, payments.foreign_payment, payments.gas_reading,
  payments.reconciliation_run to payroll_application;
grant update (losses, is_lost) on payments.treasury_movement to payroll_application;
