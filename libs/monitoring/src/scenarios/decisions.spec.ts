import { afterEach, describe, expect, it } from '@jest/globals';

import { Scenario, type ScenarioOptions } from '../../testing/scenario.js';
import { BeyondWatermarkError, InvalidWindowError } from '../answers/window-errors.js';
import { aggregateUptime, floorPercentage, isAboveThreshold } from '../reports/aggregation.js';
import { parseSignedReport } from '../reports/wire.js';

const services = Array.from({ length: 7 }, (_, index) => `service_${index}`);
const windowMs = 100_000n;
const threshold = 9_500n;

describe('scenarios of decisions', () => {
  it('33 · exactly 95 % is not enough, a millisecond more is, and 94.9999 is shown as 94.99', () => {
    const uptime = (upMs: bigint) => ({ upMs, windowMs: 100_000_000n });
    expect(isAboveThreshold(uptime(95_000_000n), threshold)).toBe(false);
    expect(isAboveThreshold(uptime(95_000_001n), threshold)).toBe(true);
    expect(floorPercentage(uptime(94_999_900n))).toBe(94.99);
    expect(floorPercentage(uptime(94_999_999n))).toBe(94.99);
  });

  it('35 · outages of 4 % that never overlap: each service has 96 %, all at once 72 %, which is not paid', () => {
    const measured = {
      windowMs,
      services: services.map((name) => ({ name, upMs: 96_000n })),
      allUpMs: 72_000n,
    };
    const decide = (aggregation: 'all' | 'min') => {
      const share = aggregateUptime(measured, services, aggregation);
      return [floorPercentage(share), isAboveThreshold(share, threshold)];
    };
    expect(decide('all')).toEqual([72, false]);
    expect(decide('min')).toEqual([96, true]);
  });

  it('36 · with no required service nothing is paid, in every mode', () => {
    for (const aggregation of ['mean', 'min', 'all'] as const) {
      const share = aggregateUptime({ windowMs, services: [], allUpMs: windowMs }, [], aggregation);
      expect(isAboveThreshold(share, 0n)).toBe(false);
    }
  });

  it('42 · an answer without up time, or with NaN, 101 %, a negative one or a text, is no report', () => {
    const report = (up_ms: unknown) => ({
      report: {
        version: 1,
        capability: 'agent-net',
        worker_address: `0x${'1'.repeat(40)}`,
        engine_id: 'engine',
        from: '2026-11-22T12:00:00.000Z',
        to: '2026-11-22T12:01:00.000Z',
        window_ms: 60_000,
        services: [
          {
            name: 'redis',
            container_ids: [],
            up_ms,
            inferred_up_ms: 0,
            down_ms: 0,
            starting_ms: 0,
            unknown_ms: 0,
          },
        ],
        all_up_ms: 0,
        challenge: `0x${'0'.repeat(64)}`,
        issued_at: '2026-11-22T12:01:10.000Z',
        previous_minute_hash: `0x${'0'.repeat(64)}`,
        minute_hash: `0x${'0'.repeat(64)}`,
      },
      signature: `0x${'2'.repeat(130)}`,
    });
    expect(() => parseSignedReport(report(60_000))).not.toThrow();
    for (const wrong of [
      undefined,
      null,
      Number.NaN,
      60_600,
      -1,
      '60000',
      59_999.5,
      Infinity,
      [60_000],
      true,
    ]) {
      expect(() => parseSignedReport(report(wrong))).toThrow('up_ms');
    }
  });
});

describe('scenarios of windows', () => {
  let scenario: Scenario;
  const begin = async (options?: ScenarioOptions) => (scenario = await Scenario.begin(options));

  afterEach(async () => {
    await scenario.end();
  });

  it('34 · empty windows and those that reach beyond the watermark are refused, what lies before the journal is unknown', async () => {
    await begin();
    const { monitor } = scenario;
    const toMs = monitor.watermarkMs();
    for (const [from, to] of [
      [toMs, toMs],
      [toMs, toMs - 1],
      [toMs - 0.5, toMs],
      [-1, toMs],
      [Number.NaN, toMs],
    ] as const) {
      expect(() => monitor.window(from, to)).toThrow(InvalidWindowError);
    }
    expect(() => monitor.window(toMs, toMs + 1)).toThrow(BeyondWatermarkError);
    const before = monitor.window(toMs - 86_400_000 - 1_000, toMs - 86_400_000);
    expect(before.services.map(({ upMs, unknownMs }) => [upMs, unknownMs])).toEqual([
      [0, 1_000],
      [0, 1_000],
    ]);
    expect(before.allUpMs).toBe(0);
  });

  it('44 · no environment of a container comes out anywhere: not in a status, a window, the journal', async () => {
    const secret = 'correct-horse-battery-staple';
    await begin();
    for (const name of ['redis_scb', 'autogen_agent']) {
      const container = scenario.engine.service(name);
      container.environment = [`PASSWORD=${secret}`];
      container.command = ['run', `--password=${secret}`];
    }
    await scenario.pass(70_000);
    scenario.engine.killService('redis_scb');
    await scenario.pass(6_000);
    const { monitor } = scenario;
    const toMs = monitor.watermarkMs();
    const sealedMs = monitor.journal().sealedUntilMs ?? 0;
    const said = JSON.stringify([
      monitor.statuses(),
      monitor.engine(),
      monitor.journal(),
      monitor.window(toMs - 60_000, toMs),
      [...monitor.sealedMinutes(sealedMs - 60_000, sealedMs)],
    ]);
    expect(said).toContain('redis_scb');
    expect(said).not.toContain(secret);
    expect(await scenario.kept()).not.toContain(secret);
  });
});
