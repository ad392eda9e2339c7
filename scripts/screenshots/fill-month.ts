import { defaultServices } from '#monitoring';
import { getAddress, id } from 'ethers';
import type { DataSource, EntityManager } from 'typeorm';
import { reportOf } from '../../bench/dashboard/fill-history.js';
import { incidentsOf } from './incidents.js';

export const names = [
  ...['atlas', 'borealis', 'cobalt', 'delphi', 'ember', 'fjord'],
  ...['gale', 'harbour', 'iris', 'juniper', 'kestrel', 'lumen'],
];
const days = 30;
const assessedHours = 3;

/** The name, and an address that looks like one. */
export const payeesOf = (payee: string) =>
  names.map((name, number) => ({
    url: `https://${name}.example:8935`,
    address: getAddress(id(`worker of ${name}`).slice(0, 42)),
    payoutAddress: number === 0 ? payee : getAddress(id(`payee of ${name}`).slice(0, 42)),
  }));

/** A month behind the books' back: sums, the newest hours as assessments with reports, accruals, and what was paid by hand. */
export async function fillMonth(owner: DataSource, payee: string, now: Date): Promise<void> {
  await owner.transaction(async (tx) => {
    // Pay by the hour is reckoned since the books were opened, and that never changes in real ones.
    await tx.query('alter table payments.book disable trigger keep_book');
    await tx.query('update payments.book set opened_at = $1', [new Date(now.getTime() - days * 86_400_000)]);
    await tx.query('alter table payments.book enable trigger keep_book');
    await nameEverybody(tx, payee);
    await tellIncidents(tx, now);
    await sumUp(tx, now);
    await assess(tx, now);
    await tx.query(
      'update dashboard.progress set up_to_seq = (select coalesce(max(seq), 0) from payments.assessment)',
    );
    // Nothing of it is to be assessed anew.
    await tx.query(
      "update payments.assessment_progress set opened_until = $1::timestamptz + interval '1 day'",
      [now],
    );
    await accrue(tx, now);
    await payByHand(tx, now);
  });
  await owner.query('vacuum analyze');
}

const nameEverybody = (tx: EntityManager, payee: string): Promise<unknown> =>
  tx.query(
    `insert into payments.orchestrator_fact (orchestrator_id, fact, value, effective_from, actor)
       select o.id, f.fact, f.value, o.created_at, 'payer'
         from unnest($1::text[], $2::text[], $3::text[]) as g (url, name, payout_address)
         join payments.orchestrator o on o.service_uri = g.url
         cross join lateral (values ('name', g.name), ('payout_address', g.payout_address)) as f (fact, value)`,
    [payeesOf(payee).map(({ url }) => url), names, payeesOf(payee).map(({ payoutAddress }) => payoutAddress)],
  );

/** `off`: one row for each minute in which something was wrong with an orchestrator. */
async function tellIncidents(tx: EntityManager, now: Date): Promise<void> {
  const incidents = incidentsOf(names.length, now.getTime(), days);
  await tx.query(
    `create temp table off on commit drop as
       select distinct on (o.id, minute) o.id as orchestrator_id, minute, i.service,
              case when i.service is null then 'no_evidence' else 'below_threshold' end as reason,
              case when i.service is null then 'The worker gave no report within 5 s.'
                   else 'Up 85.71 %, not above 95 %: ' || i.service || ' 60000 ms down.' end as reason_text
         from unnest($1::int[], $2::timestamptz[], $3::int[], $4::text[]) as i (orchestrator, starts_at, minutes, service)
         join payments.orchestrator_fact f on f.fact = 'name' and f.value = ($5::text[])[i.orchestrator + 1]
         join payments.orchestrator o on o.id = f.orchestrator_id
         cross join lateral generate_series(i.starts_at, i.starts_at + make_interval(mins => i.minutes - 1), '1 minute') minute
        where minute < date_trunc('minute', $6::timestamptz)
        order by o.id, minute, i.starts_at desc`,
    [
      incidents.map(({ orchestrator }) => orchestrator),
      incidents.map(({ startMs }) => new Date(startMs)),
      incidents.map(({ minutes }) => minutes),
      incidents.map(({ service }) => service),
      names,
      now,
    ],
  );
}

async function sumUp(tx: EntityManager, now: Date): Promise<void> {
  for (const span of ['hour', 'day']) {
    await tx.query(
      `insert into dashboard.uptime
         select $3, date_trunc($3, m.minute, 'UTC'), o.id, count(*), count(*) filter (where off.minute is null), count(*) * 60000,
                sum(case when off.minute is null then 60000 when off.service is null then 0 else 51428 end),
                count(*) filter (where off.minute is null) * 10000000
           from payments.orchestrator o
           cross join generate_series(date_trunc('day', $1::timestamptz, 'UTC') - make_interval(days => $2 - 1),
                                      date_trunc('minute', $1::timestamptz) - interval '1 minute', '1 minute') as m (minute)
           left join off on off.orchestrator_id = o.id and off.minute = m.minute
          group by 2, 3`,
      [now, days, span],
    );
    await tx.query(
      `insert into dashboard.unpaid
         select $1, date_trunc($1, minute, 'UTC'), orchestrator_id, reason, count(*), max(minute),
                (array_agg(reason_text order by minute desc))[1]
           from off where exists (select from dashboard.uptime u
                where u.span = $1 and u.orchestrator_id = off.orchestrator_id and u.starts_at = date_trunc($1, minute, 'UTC'))
          group by 2, 3, 4`,
      [span],
    );
    await tx.query(
      `insert into dashboard.service_uptime
         select u.span, u.starts_at, u.orchestrator_id, s.name,
                (u.periods - silent - down) * 60000, down * 60000, 0, 0
           from dashboard.uptime u cross join unnest($2::text[]) as s (name)
           cross join lateral (select count(*) filter (where service is null) as silent, count(*) filter (where service = s.name) as down
                                 from off where off.orchestrator_id = u.orchestrator_id
                                  and date_trunc($1, off.minute, 'UTC') = u.starts_at) lost
          where u.span = $1 and u.periods > silent`,
      [span, defaultServices],
    );
  }
}

async function assess(tx: EntityManager, now: Date): Promise<void> {
  await tx.query(
    `insert into payments.assessment (id, orchestrator_id, period_start, period_end, decision, reason, reason_text, up_ms, window_ms,
         amount_micro_usd, rate_id, rate_micro_usd_per_minute, policy_id, threshold_bp, worker_address, exclusive_worker, attempts)
       select gen_random_uuid(), o.id, m, m + interval '1 minute', case when off.minute is null then 'paid' else 'unpaid' end,
              off.reason, coalesce(off.reason_text, 'Up 100.00 %, above 95 %.'),
              case when off.minute is null then 420000 when off.service is null then null else 360000 end,
              case when off.minute is null or off.service is not null then 420000 end,
              case when off.minute is null then 10000000 else 0 end,
              r.id, 10000000, p.id, 9500, f.value, false, 1
         from generate_series(date_trunc('minute', $1::timestamptz - make_interval(hours => $2)),
                              date_trunc('minute', $1::timestamptz) - interval '1 minute', '1 minute') m
         cross join payments.orchestrator o
         join payments.orchestrator_fact f on f.orchestrator_id = o.id and f.fact = 'worker_address'
         left join off on off.orchestrator_id = o.id and off.minute = m
         cross join (select min(id) as id from payments.rate) r cross join (select min(id) as id from payments.policy) p`,
    [now, assessedHours],
  );
  const minute = new Date(Math.floor(now.getTime() / 60_000) * 60_000);
  for (const down of [null, ...defaultServices]) {
    await tx.query(
      `insert into payments.evidence (assessment_id, challenge, received_at, latency_ms, report)
         select a.id, decode(repeat('00', 32), 'hex'), a.period_end, 5, $1
           from payments.assessment a left join off on off.orchestrator_id = a.orchestrator_id and off.minute = a.period_start
          where a.up_ms is not null and off.service is not distinct from $2`,
      [reportOf(minute, down), down],
    );
  }
}

/** An entry an hour, as the sums say. */
const accrue = (tx: EntityManager, now: Date): Promise<unknown> =>
  tx.query(
    `select ledger.post('accrual', 'pictures/' || starts_at, least(starts_at + interval '1 hour', $1::timestamptz),
         array_agg('expense:rewards:' || orchestrator_id), array_agg('liability:payable:' || orchestrator_id), array_agg(amount_micro_usd))
       from dashboard.uptime where span = 'hour' and amount_micro_usd > 0 group by starts_at order by starts_at`,
    [now],
  );

/** Each day was paid on the next one, until today; `iris` still waits for yesterday's, so that its payout is above the limit. */
async function payByHand(tx: EntityManager, now: Date): Promise<void> {
  await tx.query(
    `insert into payments.payout (id, orchestrator_id, method, asset, number, amount_micro_usd, status, paid_at, created_at, outside_reference)
       select gen_random_uuid(), u.orchestrator_id, 'ledger', 'ledger', row_number() over (partition by u.orchestrator_id order by u.starts_at),
              amount_micro_usd, 'paid', starts_at + interval '33 hours 4 minutes', starts_at + interval '33 hours',
              'bank transfer ' || to_char(starts_at, 'YYYY-MM-DD')
         from dashboard.uptime u join payments.orchestrator_fact f on f.orchestrator_id = u.orchestrator_id and f.fact = 'name'
        where span = 'day' and f.value = any ($2) and starts_at + interval '34 hours' < $1 and amount_micro_usd > 0
          and not (f.value = 'iris' and starts_at >= date_trunc('day', $1::timestamptz, 'UTC') - interval '1 day')`,
    [now, names],
  );
  await tx.query(
    `insert into payments.payout_event (payout_id, at, status, detail)
       select id, e.at, e.status, e.detail from payments.payout,
              lateral (values (created_at, 'reserved', 'reserved for settlement'), (paid_at, 'paid', outside_reference)) as e (at, status, detail)`,
  );
  for (const [kind, from, to] of [
    ['reserve', 'liability:payable:', 'liability:in_settlement:'],
    ['paid', 'liability:in_settlement:', null],
  ] as const) {
    await tx.query(
      `select ledger.post($1, 'payout/' || id || '/' || $1, created_at, array[$2 || orchestrator_id],
           array[coalesce($3 || orchestrator_id, 'asset:treasury:outside')], array[amount_micro_usd]) from payments.payout order by created_at`,
      [kind, from, to],
    );
  }
}

/** What an hour of all of it earns, for some of them, so that something is on its way. */
export const oweAnHour = (owner: DataSource, whom: readonly string[], key: string): Promise<unknown> =>
  owner.query(
    `select ledger.post('accrual', $1, now(), array_agg('expense:rewards:' || orchestrator_id),
         array_agg('liability:payable:' || orchestrator_id), array_agg(600000000::bigint))
       from payments.orchestrator_fact where fact = 'name' and value = any ($2)`,
    [key, whom],
  );
