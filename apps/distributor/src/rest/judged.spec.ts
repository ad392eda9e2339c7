import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { fieldsOf, nobody, record, type RestRig, services, startRestRig } from '../testing/rest-rig.js';
import { until } from '../testing/running-distributor.js';

describe('REST: what was judged', () => {
  let rig: RestRig;

  beforeAll(async () => {
    rig = await startRestRig(await createTestDatabase());
  });

  afterAll(async () => {
    await rig.close();
  });

  it('shows a paid period with its evidence, and who is on air', async () => {
    const [paid] = await until(
      () => rig.itemsOf('assessments?decision=paid&limit=1'),
      (items) => items.length > 0,
    );
    expect(paid).toMatchObject({
      decision: 'paid',
      reason: null,
      uptime_percentage: 100,
      rate_usd_per_minute: '10.000000',
      min_uptime: 95,
      evidence: { report: { worker_address: rig.worker.address, services: expect.any(Array) } },
      evidence_exchange: {
        challenge: expect.stringMatching(/^0x[0-9a-f]{64}$/),
        clock_skew_ms: expect.any(Number),
      },
      second_evidence: null,
      late_evidence: [],
    });
    expect(paid?.amount_usd).toMatch(/^0\.16666[67]$/);
    expect(Object.keys(paid ?? {}).sort()).toEqual([
      'amount_usd',
      'decision',
      'evidence',
      'evidence_exchange',
      'id',
      'jobs',
      'late_evidence',
      'min_uptime',
      'orchestrator_id',
      'period_end',
      'period_start',
      'rate_usd_per_minute',
      'reason',
      'reason_text',
      'second_evidence',
      'uptime_percentage',
    ]);

    const { body } = await until(
      () => rig.distributor.ask('/api/v1/status'),
      ({ body }) => JSON.stringify(body).includes('"on_air"'),
    );
    expect(body).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      period_seconds: 1,
      last_period: { start: expect.any(String), end: expect.any(String) },
    });
    expect(record.parse(body).orchestrators).toContainEqual(
      expect.objectContaining({
        state: 'on_air',
        services: services.map((name) => ({ name, state: 'up' })),
      }),
    );
    expect(JSON.stringify(body)).not.toMatch(/usd|amount|balance/i);
  });

  it('names the service that was down', async () => {
    rig.worker.down.add('autogen_agent');
    const [unpaid] = await until(
      () => rig.itemsOf('assessments?decision=unpaid&limit=1'),
      (items) => items.length > 0,
    );
    expect(unpaid).toMatchObject({
      reason: 'below_threshold',
      uptime_percentage: 50,
      amount_usd: '0.000000',
    });
    expect(unpaid?.reason_text).toContain('autogen_agent');
    await until(
      () => rig.distributor.ask('/api/v1/status'),
      ({ body }) => JSON.stringify(body).includes('{"name":"autogen_agent","state":"down"}'),
    );
    rig.worker.down.clear();
  });

  it('is filtered by orchestrator and time', async () => {
    const { id } = await rig.create();
    expect(await rig.itemsOf(`assessments?orchestrator_id=${nobody}`)).toEqual([]);
    expect(await rig.itemsOf('assessments?to=2020-01-01T00:00:00.000Z')).toEqual([]);
    expect(fieldsOf(await rig.get(`assessments?orchestrator_id=${id}x`))).toEqual(['orchestrator_id']);
    expect(fieldsOf(await rig.get('assessments?decision=maybe'))).toEqual(['decision']);
    expect(fieldsOf(await rig.get('assessments?from=yesterday'))).toEqual(['from']);
  });

  it('logged each decision as one line', async () => {
    await until(
      () => Promise.resolve(rig.distributor.log.filter((line) => line.includes('"period assessed"'))),
      (lines) => lines.length > 0,
    );
    expect(rig.distributor.log.join('')).not.toContain('LivepeerManager2025');
  });
});
