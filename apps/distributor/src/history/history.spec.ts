import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '#platform/database';
import { createTestDatabase } from '#platform/testing';
import { z } from 'zod';
import { until } from '../testing/running-distributor.js';
import { nobody, record, type RestRig, startRestRig } from '../testing/rest-rig.js';
import { RollUp } from './roll-up.js';

const history = z.object({
  buckets: z.array(
    z.object({
      start: z.string(),
      end: z.string(),
      uptime_percentage: z.number().nullable(),
      periods: z.int(),
      paid_periods: z.int(),
      earned_usd: z.string(),
      reasons: z.array(z.object({ reason: z.string(), text: z.string(), periods: z.int() })),
    }),
  ),
  services: z.array(
    z.object({
      name: z.string(),
      buckets: z.array(z.object({ up_ms: z.int(), down_ms: z.int() }).nullable()),
    }),
  ),
});
const fleet = z.object({
  bucket_starts: z.array(z.string()),
  orchestrators: z.array(
    z.object({
      orchestrator_id: z.string(),
      uptime_percentages: z.array(z.number().nullable()),
      unpaid: z.array(z.object({ bucket: z.int(), periods: z.int(), reason: z.string() })),
    }),
  ),
});

let rig: RestRig;
let id: string;

/** Paid and unpaid periods are in the books, and in the sums. */
beforeAll(async () => {
  rig = await startRestRig(await createTestDatabase());
  const [first] = await until(
    () => rig.itemsOf('assessments?decision=paid'),
    (items) => items.length >= 2,
  );
  id = z.string().parse(first?.orchestrator_id);
  rig.worker.down.add('redis_scb');
  await until(
    () => rig.itemsOf('assessments?decision=unpaid'),
    (items) => items.length >= 2,
  );
});
afterAll(() => rig.close());

const read = async (by: string) =>
  history.parse((await rig.get(`orchestrators/${id}/history?by=${by}`)).body);

const sumOf = (buckets: z.output<typeof history>['buckets']) => ({
  periods: buckets.reduce((sum, bucket) => sum + bucket.periods, 0),
  paid: buckets.reduce((sum, bucket) => sum + bucket.paid_periods, 0),
});

describe('the history of an orchestrator', () => {
  it.each(['minute', 'hour', 'day'])('by %s says what was paid, what was not, and why', async (by) => {
    const { buckets, services } = await until(
      () => read(by),
      (answer) =>
        answer.buckets.some(({ reasons }) => (reasons[0]?.periods ?? 0) >= 2) &&
        sumOf(answer.buckets).paid >= 2,
    );
    const { periods, paid } = sumOf(buckets);
    const unpaid = buckets.flatMap(({ reasons }) => reasons).reduce((sum, reason) => sum + reason.periods, 0);
    expect(periods).toBe(paid + unpaid);
    const failed = buckets.find(({ reasons }) => reasons.length > 0);
    expect(failed?.reasons[0]).toMatchObject({
      reason: 'below_threshold',
      text: expect.stringContaining('redis_scb'),
    });
    const place = buckets.findIndex(({ reasons }) => reasons.length > 0);
    expect(services.map(({ name }) => name)).toEqual(['autogen_agent', 'redis_scb']);
    expect(services.find(({ name }) => name === 'redis_scb')?.buckets[place]?.down_ms).toBeGreaterThan(0);
    expect(services.find(({ name }) => name === 'autogen_agent')?.buckets[place]?.down_ms).toBe(0);
  });

  it('sums by hour and by day what the assessments say, each once, whoever else sums at the same time', async () => {
    const database = rig.distributor.app.get(Database);
    const others = [new RollUp(database), new RollUp(database), new RollUp(database)];
    const compare = async () => {
      await Promise.all(others.map((rollUp) => rollUp.next(3)));
      return z
        .array(
          z.object({
            up_to: z.string(),
            periods: z.string(),
            sums: z.string(),
            paid: z.string(),
            amounts: z.string(),
          }),
        )
        .parse(
          await database.dataSource.query(
            `select p.up_to_seq as up_to, count(*) as periods, sum(amount_micro_usd) as amounts,
                    (select sum(periods) from dashboard.uptime where span = s.span) as sums,
                    (select sum(amount_micro_usd) from dashboard.uptime where span = s.span) as paid
               from dashboard.progress p cross join (values ('hour'), ('day')) s (span)
               join payments.assessment a on a.seq <= p.up_to_seq group by s.span, p.up_to_seq`,
          ),
        );
    };
    for (let round = 0; round < 5; round += 1) {
      const rows = await compare();
      expect(rows).toHaveLength(2);
      for (const row of rows) expect(row).toMatchObject({ sums: row.periods, paid: row.amounts });
    }
  });

  it('answers 404 for nobody and 422 for a range that is too long or ends before it begins', async () => {
    expect((await rig.get(`orchestrators/${nobody}/history`)).status).toBe(404);
    for (const range of [
      'from=2020-01-01T00:00:00.000Z',
      'from=2030-01-01T00:00:00.000Z&to=2029-01-01T00:00:00.000Z',
    ]) {
      const answer = await rig.get(`orchestrators/${id}/history?by=minute&${range}`);
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'from' }] } });
    }
  });
});

describe('the history of the fleet', () => {
  it.each(['minute', 'hour', 'day'])(
    'by %s has one bar for each bucket, and the reason of those unpaid',
    async (by) => {
      const answer = await until(
        async () => fleet.parse((await rig.get(`history/fleet?by=${by}`)).body),
        ({ orchestrators }) => orchestrators.some(({ unpaid }) => unpaid.length > 0),
      );
      const row = answer.orchestrators.find((each) => each.orchestrator_id === id);
      expect(row?.uptime_percentages).toHaveLength(answer.bucket_starts.length);
      const [missed] = row?.unpaid ?? [];
      expect(missed).toMatchObject({ reason: 'below_threshold' });
      expect(row?.uptime_percentages[missed?.bucket ?? -1]).toBeLessThan(100);
    },
  );

  it('adds up what everybody earned', async () => {
    const { buckets } = await until(
      async () =>
        z.object({ buckets: z.array(record) }).parse((await rig.get('history/earnings?by=day')).body),
      (answer) => answer.buckets.some(({ paid_periods: paid }) => Number(paid) > 0),
    );
    expect(buckets).toHaveLength(30);
    expect(buckets.at(-1)).toMatchObject({
      paid_periods: expect.any(Number),
      earned_usd: expect.stringMatching(/^\d+\.\d{6}$/),
    });
  });

  it('says what there is to pay with: nothing but the ledger here', async () => {
    expect((await rig.get('treasury')).body).toMatchObject({
      method: 'ledger',
      state: 'off',
      treasury_usd: null,
      explorer_url: null,
    });
  });
});
