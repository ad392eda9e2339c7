import type { ServiceStatus, WindowUptime } from '#monitoring';
import { describe, expect, it } from '@jest/globals';

import { statusView, uptimeView } from './uptime-view.js';

const toMs = Date.parse('2026-11-22T12:01:00.000Z');

const service = (name: string, upMs: number, parts: { downMs?: number; unknownMs?: number } = {}) => ({
  name,
  containerIds: [],
  upMs,
  inferredUpMs: 0,
  downMs: 0,
  startingMs: 0,
  unknownMs: 0,
  ...parts,
});

const windowOf = (...services: ReturnType<typeof service>[]): WindowUptime => ({
  fromMs: toMs - 60_000,
  toMs,
  services,
  allUpMs: 0,
  previousMinuteHash: '0x00',
  minuteHash: '0x00',
});

const status = (name: string, state: ServiceStatus['state']): ServiceStatus => ({
  name,
  status: 'running',
  state,
  reason: null,
  running: true,
  health: null,
  sinceMs: toMs,
  containerId: 'id',
  image: 'image',
  probe: null,
});

describe('the uptime of a window', () => {
  it('is the floored mean over all services', () => {
    // (60,000 + 53,995) of 120,000 ms = 94.9958… %
    const view = uptimeView(windowOf(service('a', 60_000), service('b', 53_995, { downMs: 6_005 })), 9_500n);

    expect(view).toMatchObject({
      overall_uptime_percentage: 94.99,
      aggregation: 'mean',
      eligible_for_payment: false,
      min_uptime_required: 95,
      services_up: 1,
      services_down: 1,
      total_services: 2,
      coverage_percentage: 100,
      window_ms: 60_000,
      from: '2026-11-22T12:00:00.000Z',
      to: '2026-11-22T12:01:00.000Z',
    });
    expect(view.services[1]).toMatchObject({ name: 'b', uptime_percentage: 89.99, down_ms: 6_005 });
  });

  it('is eligible only strictly above the threshold', () => {
    const at = (upMs: number) => uptimeView(windowOf(service('a', upMs)), 9_500n).eligible_for_payment;
    expect(at(57_000)).toBe(false);
    expect(at(57_001)).toBe(true);
  });

  it('says how much of the time is known', () => {
    const view = uptimeView(windowOf(service('a', 60_000), service('b', 0, { unknownMs: 60_000 })), 9_500n);
    expect(view.coverage_percentage).toBe(50);
    expect(view.overall_uptime_percentage).toBe(50);
  });

  it('of no service is nothing, and never eligible', () => {
    expect(uptimeView(windowOf(), 0n)).toMatchObject({
      overall_uptime_percentage: 0,
      coverage_percentage: 0,
      total_services: 0,
      eligible_for_payment: false,
    });
  });
});

describe('the status of the services', () => {
  it('counts what is up now, whatever the last minute was', () => {
    const view = statusView(
      [status('a', 'up'), status('b', 'starting'), { ...status('c', 'unknown'), sinceMs: null }],
      windowOf(service('a', 0), service('b', 60_000)),
      9_500n,
      toMs,
    );

    expect(view.summary).toMatchObject({
      services_up: 1,
      services_down: 2,
      total_services: 3,
      overall_uptime: 50,
    });
    expect(view.services.b).toMatchObject({ state: 'starting', uptime_percentage: 100 });
    expect(view.services.c).toMatchObject({ since: null, uptime_percentage: 0 });
  });

  it('is told before anything is settled, with nothing known to have been up', () => {
    const view = statusView([status('a', 'up')], undefined, 0n, toMs);
    expect(view.services.a).toMatchObject({ state: 'up', uptime_percentage: 0 });
    expect(view.summary).toMatchObject({ services_up: 1, overall_uptime: 0, eligible_for_payment: false });
  });
});
