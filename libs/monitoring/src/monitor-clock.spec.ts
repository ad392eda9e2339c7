import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';
import Database from 'libsql';
import { z } from 'zod';

import { allUp, MonitorRig, settled, until, uptime } from '../testing/monitor-rig.js';
import { hashMinute, noHash } from './journal/minute-chain.js';
import type { Clock } from './clock.js';
import { systemClock } from './clock.js';

const services = ['redis_scb', 'autogen_agent'];
const hourMs = 3_600_000;
let engine: SimulatedEngine;
let rig: MonitorRig;

beforeEach(async () => {
  engine = await startSimulatedEngine({ services: services.map((name) => ({ name })) });
  rig = await MonitorRig.create(engine.dockerHost);
});

afterEach(async () => {
  await rig.end();
  await engine.stop();
});

/** Time that passes faster than it does; a round of 200 ms then takes four seconds, as in reality. */
function fastClock(factor = 20): Clock {
  const start = systemClock.now();
  return {
    now() {
      const { wallMs, monotonicMs } = systemClock.now();
      return {
        wallMs: start.wallMs + Math.round((wallMs - start.wallMs) * factor),
        monotonicMs: start.monotonicMs + Math.round((monotonicMs - start.monotonicMs) * factor),
      };
    },
  };
}

/** A wall clock that somebody sets. */
class SteppingClock implements Clock {
  offsetMs = 0;

  now() {
    const { wallMs, monotonicMs } = systemClock.now();
    return { wallMs: wallMs + this.offsetMs, monotonicMs };
  }
}

const minuteRows = z.array(
  z.object({ minute_ms: z.number(), content: z.string(), previous_hash: z.string(), hash: z.string() }),
);

describe('Monitor and time', () => {
  it('calls an hour that the wall clock skipped unknown', async () => {
    const clock = new SteppingClock();
    const monitor = await rig.start(services, { clock });
    const fromMs = await allUp(monitor);
    clock.offsetMs = hourMs;
    const toMs = await settled(monitor, Date.now() + hourMs);
    const { upMs, unknownMs } = uptime(monitor, 'redis_scb', fromMs, toMs);
    expect(unknownMs).toBeGreaterThanOrEqual(hourMs);
    expect(upMs + unknownMs).toBe(toMs - fromMs);
  });

  it('counts no time twice when the wall clock is set back', async () => {
    const clock = new SteppingClock();
    const monitor = await rig.start(services, { clock });
    const fromMs = await allUp(monitor);
    const reachedMs = monitor.watermarkMs();
    const answer = monitor.window(fromMs, reachedMs);
    clock.offsetMs = -hourMs;
    const before = engine.requests.length;
    await until(() => engine.requests.length > before + 10);
    expect(monitor.watermarkMs()).toBeGreaterThanOrEqual(reachedMs);
    expect(monitor.window(fromMs, reachedMs)).toEqual(answer);
    clock.offsetMs = 0;
    const toMs = await settled(monitor);
    const { upMs, unknownMs } = uptime(monitor, 'redis_scb', fromMs, toMs);
    expect(upMs + unknownMs).toBe(toMs - fromMs);
  });

  it('seals each minute with the hash of the one before, and ties windows to them', async () => {
    const clock = fastClock();
    const monitor = await rig.start(services, { clock });
    await until(() => (monitor.journal().sealedUntilMs ?? 0) > 0);
    const firstMs = monitor.journal().sealedUntilMs ?? 0;
    engine.stopService('redis_scb');
    await until(() => monitor.statuses().some(({ state }) => state === 'down'));
    await until(() => (monitor.journal().sealedUntilMs ?? 0) >= firstMs + 60_000);
    const window = monitor.window(firstMs, firstMs + 60_000);
    await rig.stop(monitor);

    const database = new Database(join(rig.dataDir, 'journal.db'));
    const rows = minuteRows.parse(database.prepare('SELECT * FROM minutes ORDER BY minute_ms').all());
    let hash = noHash;
    for (const row of rows) {
      expect(row.previous_hash).toBe(hash);
      hash = hashMinute(hash, row.content);
      expect(row.hash).toBe(hash);
    }
    const sealed = rows.find((row) => row.minute_ms === firstMs);
    expect(sealed).toMatchObject({ previous_hash: window.previousMinuteHash, hash: window.minuteHash });
    expect(JSON.parse(sealed?.content ?? '')).toMatchObject({ all_up_ms: window.allUpMs });
    expect(() => database.exec('UPDATE minutes SET content = content')).toThrow('does not change');
    const closed = database.prepare('SELECT count(*) AS n FROM segments WHERE to_ms IS NOT NULL').all();
    expect(closed).not.toEqual([{ n: 0 }]);
    expect(() => database.exec('UPDATE segments SET to_ms = to_ms + 1 WHERE to_ms IS NOT NULL')).toThrow();
    database.close();
  });

  it('is not writable while the disk takes nothing, and calls that time unknown', async () => {
    const clock = fastClock();
    const monitor = await rig.start(services, { clock });
    await until(() => monitor.statuses().every(({ state }) => state === 'up'));
    await settled(monitor, clock.now().wallMs);
    const other = new Database(join(rig.dataDir, 'journal.db'));
    other.exec('BEGIN IMMEDIATE');
    await until(() => !monitor.journal().writable);
    const stuckMs = monitor.watermarkMs();
    await until(() => clock.now().wallMs > stuckMs + 30_000);
    expect(monitor.watermarkMs()).toBe(stuckMs);
    expect(monitor.journal().lastError).toContain('locked');
    other.exec('ROLLBACK');
    other.close();
    const toMs = stuckMs + 20_000;
    await until(() => monitor.watermarkMs() > toMs);
    expect(monitor.journal()).toMatchObject({ writable: true, lastError: null });
    expect(uptime(monitor, 'redis_scb', stuckMs, toMs).unknownMs).toBe(20_000);
  });
});
