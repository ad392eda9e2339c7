import { defaultServices } from '#monitoring';
import type { DataSource } from 'typeorm';
import { deflateRawSync } from 'node:zlib';

export interface HistorySize {
  days: number;
  /** Assessments themselves, one for each minute; older ones are in the sums only. */
  assessedHours: number;
  /** Of these the newest have their reports. */
  reportedMinutes: number;
}

/** Shaped like a worker's report in which one service was down, or none; its signature is none, and nothing here verifies it. */
export function reportOf(at: Date, down: string | null): Buffer {
  const minute = at.toISOString();
  const zero = `0x${'0'.repeat(64)}`;
  const services = defaultServices.map((name) => {
    const downMs = name === down ? 60_000 : 0;
    return {
      ...{ name, container_ids: [`${name}-1`], up_ms: 60_000 - downMs, inferred_up_ms: 0 },
      ...{ down_ms: downMs, starting_ms: 0, unknown_ms: 0 },
    };
  });
  const report = {
    ...{ version: 1, capability: 'agent-net', worker_address: `0x${'1'.repeat(40)}`, engine_id: 'engine' },
    ...{
      from: minute,
      to: new Date(at.getTime() + 60_000).toISOString(),
      window_ms: 60_000,
      services,
      all_up_ms: down === null ? 60_000 : 0,
    },
    ...{ challenge: zero, issued_at: minute, previous_minute_hash: zero, minute_hash: zero },
  };
  return deflateRawSync(JSON.stringify({ report, signature: `0x${'1'.repeat(130)}` }));
}

/**
 * Weeks of history as the distributor would have summed them up, by SQL: 500 orchestrators and 30 days are 21.6 million
 * assessments, of which only the newest hours are written as such. One hour in twenty has periods that were not paid, and one
 * orchestrator in six is off air now.
 */
export async function fillHistory(owner: DataSource, now: Date, size: HistorySize): Promise<void> {
  const day = [now, size.days];
  await owner.query(
    `insert into dashboard.uptime
       select 'hour', h, o.id, 60, case when (extract(epoch from h) / 3600)::bigint % 20 = abs(hashtext(o.id::text)) % 20 then 51 else 60 end,
              3600000, case when (extract(epoch from h) / 3600)::bigint % 20 = abs(hashtext(o.id::text)) % 20 then 3060000 else 3600000 end,
              case when (extract(epoch from h) / 3600)::bigint % 20 = abs(hashtext(o.id::text)) % 20 then 510000000 else 600000000 end
         from payments.orchestrator o,
              generate_series(date_trunc('hour', $1::timestamptz - make_interval(days => $2)), date_trunc('hour', $1::timestamptz), '1 hour') h`,
    day,
  );
  await owner.query(
    `insert into dashboard.unpaid
       select span, starts_at, orchestrator_id, 'below_threshold', periods - paid_periods, starts_at,
              'Up 85.71 %, not above 95 %: autogen_agent 60000 ms down.'
         from dashboard.uptime where paid_periods < periods`,
  );
  await owner.query(
    `insert into dashboard.service_uptime
       select 'hour', u.starts_at, u.orchestrator_id, s, u.up_ms, u.judged_ms - u.up_ms, 0, 0
         from dashboard.uptime u, unnest($1::text[]) s where u.span = 'hour'`,
    [defaultServices],
  );
  await sumDays(owner);
  await owner.query(
    `insert into payments.assessment (id, orchestrator_id, period_start, period_end, decision, reason, reason_text, up_ms, window_ms,
         amount_micro_usd, rate_id, rate_micro_usd_per_minute, policy_id, threshold_bp, worker_address, exclusive_worker, attempts)
       select gen_random_uuid(), o.id, m, m + interval '1 minute', case when is_up then 'paid' else 'unpaid' end,
              case when not is_up then 'below_threshold' end,
              case when is_up then 'Up 100.00 %, above 95 %.' else 'Up 85.71 %, not above 95 %: autogen_agent 60000 ms down.' end,
              case when is_up then 420000 else 360000 end, 420000, case when is_up then 10000000 else 0 end,
              r.id, 10000000, p.id, 9500, f.value, false, 1
         from generate_series(date_trunc('minute', $1::timestamptz - make_interval(hours => $2)), date_trunc('minute', $1::timestamptz) - interval '1 minute', '1 minute') m
         cross join payments.orchestrator o
         join payments.orchestrator_fact f on f.orchestrator_id = o.id and f.fact = 'worker_address'
         cross join (select min(id) as id from payments.rate) r cross join (select min(id) as id from payments.policy) p
         cross join lateral (select not (
              abs(hashtext(f.value)) % 6 = 0 and m >= $1::timestamptz - interval '20 minutes'
              or abs(hashtext(f.value || m)) % 60 = 0) as is_up) state`,
    [now, size.assessedHours],
  );
  for (const isUp of [true, false]) {
    await owner.query(
      `insert into payments.evidence (assessment_id, challenge, received_at, latency_ms, report)
         select id, decode(repeat('00', 32), 'hex'), period_end, 5, $2
           from payments.assessment
          where period_start >= $1::timestamptz - make_interval(mins => $3) and (decision = 'paid') = $4`,
      [
        now,
        reportOf(new Date(Math.floor(now.getTime() / 60_000) * 60_000), isUp ? null : 'autogen_agent'),
        size.reportedMinutes,
        isUp,
      ],
    );
  }
  await owner.query(
    'update dashboard.progress set up_to_seq = (select coalesce(max(seq), 0) from payments.assessment)',
  );
  await fillBooks(owner);
  // Nothing of it is to be assessed anew.
  await owner.query(
    "update payments.assessment_progress set opened_until = $1::timestamptz + interval '1 day'",
    [now],
  );
  await owner.query('vacuum analyze');
}

const sumDays = (owner: DataSource): Promise<unknown> =>
  Promise.all([
    owner.query(
      `insert into dashboard.uptime
         select 'day', date_trunc('day', starts_at, 'UTC'), orchestrator_id, sum(periods), sum(paid_periods), sum(judged_ms), sum(up_ms), sum(amount_micro_usd)
           from dashboard.uptime where span = 'hour' group by 2, 3`,
    ),
    owner.query(
      `insert into dashboard.unpaid
         select 'day', date_trunc('day', starts_at, 'UTC'), orchestrator_id, reason, sum(periods), max(starts_at), max(latest_text)
           from dashboard.unpaid where span = 'hour' group by 2, 3, 4`,
    ),
    owner.query(
      `insert into dashboard.service_uptime
         select 'day', date_trunc('day', starts_at, 'UTC'), orchestrator_id, service, sum(up_ms), sum(down_ms), 0, 0
           from dashboard.service_uptime where span = 'hour' group by 2, 3, 4`,
    ),
  ]);

/** Balances, a payout a day of everybody, and a log of changes. */
async function fillBooks(owner: DataSource): Promise<void> {
  await owner.query(
    `select ledger.post('accrual', 'bench ' || id, now(), array['expense:rewards:' || id], array['liability:payable:' || id], array[8640000000::bigint])
       from payments.orchestrator`,
  );
  await owner.query(
    `insert into payments.payout (id, orchestrator_id, method, asset, number, amount_micro_usd, status, paid_at, created_at, outside_reference)
       select gen_random_uuid(), o.id, 'ledger', 'ledger', n, 14400000000, 'paid', now() - make_interval(days => n), now() - make_interval(days => n), 'bench'
         from payments.orchestrator o, generate_series(1, 30) n`,
  );
  await owner.query(
    `insert into payments.payout_event (payout_id, at, status, detail)
       select id, created_at, s, 'bench' from payments.payout, unnest(array['reserved', 'paid']) s`,
  );
  await owner.query(
    `insert into payments.audit (actor, action, subject, after)
       select 'admin', 'rate changed', 'orchestrator/' || id, '{"usd_per_minute": "10"}' from payments.orchestrator, generate_series(1, 20)`,
  );
}
