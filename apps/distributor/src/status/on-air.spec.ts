import { describe, expect, it } from '@jest/globals';
import { onAirState, serviceState, serviceTimesOf } from './on-air.js';

const now = { nowMs: Date.parse('2026-11-22T12:00:00Z'), periodMs: 60_000 };
const old = { status: 'active', createdAt: new Date('2026-01-01') } as const;
const times = (upMs: bigint, downMs = 0n, startingMs = 0n, unknownMs = 0n) => ({
  name: 'a',
  upMs,
  downMs,
  startingMs,
  unknownMs,
});
const paid = { decision: 'paid', uptimePercentage: 100 } as const;
const unpaid = { decision: 'unpaid', uptimePercentage: 50 } as const;

describe('who is on air', () => {
  it('is on air when the newest period was paid', () => {
    expect(onAirState(old, paid, [times(60_000n)], now)).toBe('on_air');
  });

  it('is not enough when something was up, and off air when nothing was', () => {
    expect(onAirState(old, unpaid, [times(60_000n), times(0n, 60_000n)], now)).toBe('degraded');
    expect(onAirState(old, unpaid, [times(0n, 60_000n)], now)).toBe('off_air');
  });

  it('is unknown without sound evidence, and never on air by silence', () => {
    expect(onAirState(old, { decision: 'unpaid', uptimePercentage: null }, [], now)).toBe('unknown');
    expect(onAirState(old, undefined, [], now)).toBe('unknown');
  });

  it('waits while a new record has had no full period yet', () => {
    expect(onAirState({ ...old, createdAt: new Date(now.nowMs - 30_000) }, undefined, [], now)).toBe(
      'waiting',
    );
  });

  it('is paused whatever is up', () => {
    expect(onAirState({ ...old, status: 'paused' }, paid, [times(60_000n)], now)).toBe('paused');
  });
});

describe('the state of a service over a period', () => {
  it.each([
    ['up', times(60_000n)],
    ['partly', times(59_999n, 1n)],
    ['down', times(0n, 30_000n, 0n, 30_000n)],
    ['starting', times(0n, 10_000n, 30_000n, 20_000n)],
    ['unknown', times(0n, 0n, 0n, 60_000n)],
    ['unknown', times(0n)],
  ])('is %s', (state, service) => {
    expect(serviceState(service)).toBe(state);
  });

  it('cannot be read from something that is no report', () => {
    expect(serviceTimesOf({ report: { services: [{ name: 'a', up_ms: 1e9 }] } })).toEqual([]);
    expect(serviceTimesOf(null)).toEqual([]);
  });
});
