-- The distributor works as `payroll_application`, a role that owns nothing: what is append-only cannot be edited by it,
-- with or without triggers. Migrations run as the owner, who may take the role. Every later migration grants to it what
-- the application needs of its own tables and functions.
do $$
declare
  can_take boolean;
begin
  if not exists (select 1 from pg_roles where rolname = 'payroll_application') then
    begin
      create role payroll_application nologin;
    exception
      when duplicate_object or unique_violation then null;  -- another database of this server was migrated meanwhile
      when insufficient_privilege then
        raise exception 'the role payroll_application does not exist and % may not create it', current_user
          using errcode = 'insufficient_privilege',
                hint = format('Run once as a superuser: create role payroll_application nologin; grant payroll_application to %I;', current_user);
    end;
  end if;
  -- From PostgreSQL 16 on, membership alone does not say that the role may be taken.
  can_take := pg_has_role(current_user, 'payroll_application',
                          case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end);
  if not can_take then
    execute format('grant payroll_application to %I', current_user);
  end if;
end $$;

grant usage on schema ledger, payments to payroll_application;
grant select on all tables in schema ledger, payments to payroll_application;
grant select on public.schema_migration to payroll_application;

-- Facts: added, never edited.
grant insert on payments.orchestrator, payments.orchestrator_fact, payments.rate, payments.policy, payments.assessment,
  payments.evidence, payments.audit, payments.payout_event, payments.chain_authorization to payroll_application;

-- The work queue, and states. What identifies a payout, a settlement or an attempt is not among the columns.
grant insert, update (period_seconds) on payments.book to payroll_application;
grant insert, update (opened_until) on payments.assessment_progress to payroll_application;
grant insert, delete, update (attempts, first_attempt_at, next_attempt_at, last_failure)
  on payments.pending_assessment to payroll_application;
grant update on payments.settlement_control to payroll_application;
grant insert, update (status, hold_reason, cancel_requested, first_signed_at, valid_before, failures, retry_at, tx_hash,
  block_number, outside_reference, paid_at) on payments.payout to payroll_application;
grant insert, update (next_nonce, status, pause_reason) on payments.lane to payroll_application;
grant insert, update (status, mined_tx_hash, mined_block_number, mined_block_hash, receipt_ok, gas_used, gas_price_wei,
  trouble, final_at) on payments.settlement to payroll_application;
grant insert, update (outcome) on payments.settlement_item to payroll_application;
grant insert, update (send_state, first_sent_at, last_sent_at, send_count, last_error_class, last_error)
  on payments.attempt to payroll_application;
grant insert, update (scanned_to_block) on payments.authorization_scan to payroll_application;

-- The ledger is written by its functions alone, which run as their owner.
grant execute on function
  ledger.create_partitions(int),
  ledger.ensure_accounts(text[]),
  ledger.post(text, text, timestamptz, text[], text[], bigint[], jsonb, bigint)
  to payroll_application;

-- Locks an account's balance until the transaction ends and returns it on the account's normal side. `for update` needs a
-- right to update that the application does not have.
create function ledger.lock_balance(_code text) returns bigint language plpgsql
  security definer set search_path = ledger, pg_temp as $$
declare locked bigint;
begin
  perform ensure_accounts(array[_code]);
  select b.normal * (b.debits - b.credits) into strict locked from account_balance b
    where b.account_id = (select id from account where code = _code) for update;
  return locked;
end $$;
revoke all on function ledger.lock_balance(text) from public;
grant execute on function ledger.lock_balance(text) to payroll_application;
