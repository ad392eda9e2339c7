import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { openHistory, writeHistory } from '#monitoring/testing';
import Database from 'libsql';

import { parrot } from '../../testing/hostile-servers.js';
import { Scenario } from '../../testing/scenario.js';
import { MonitoringPlan } from '../plan/monitoring-plan.js';

const service = 'autogen_agent';
const rules = { everyMs: 5_000, timeoutMs: 500, failAfter: 2, passAfter: 1 };

describe('scenarios of services that only seem to work', () => {
  it('31 · a health check that is always content does not help an application that is dead', async () => {
    let status = 200;
    const application = createServer((_request, response) => response.writeHead(status).end());
    application.listen(0, '127.0.0.1');
    await once(application, 'listening');
    const address = application.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const target = { type: 'http' as const, url: `http://127.0.0.1:${port}/health`, status: [200] };
    const plan = new MonitoringPlan([{ services: service, probe: { target, ...rules }, identity: null }]);
    const scenario = await Scenario.begin({
      services: [{ name: service, health: 'healthy' }],
      monitor: { plan },
    });
    try {
      await scenario.until(() => scenario.stateOf(service).state === 'up');
      status = 500;
      for (let tries = 0; scenario.stateOf(service).state === 'up' && tries < 30; tries++) {
        await scenario.pass(1_000);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(scenario.stateOf(service)).toEqual({ state: 'down', reason: 'probe failed: status 500' });
      expect(scenario.engine.service(service).health).toBe('healthy');
      const deadMs = scenario.nowMs;
      for (let seconds = 0; seconds < 6; seconds++) {
        await scenario.pass(1_000);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect((await scenario.account(service, deadMs, deadMs + 5_000)).upMs).toBe(0);
    } finally {
      await scenario.end();
      application.closeAllConnections();
      application.close();
    }
  });

  it('32 · something that answers PONG to whatever it hears is no Redis', async () => {
    const fake = await parrot('+PONG\r\n');
    const target = {
      ...{ type: 'redis' as const, host: '127.0.0.1', port: fake.port },
      ...{ user: undefined, password: undefined, database: 0, tls: false },
    };
    const plan = new MonitoringPlan([{ services: service, probe: { target, ...rules }, identity: null }]);
    const scenario = await Scenario.begin({ services: [{ name: service }], monitor: { plan } });
    try {
      const fromMs = scenario.nowMs;
      for (let tries = 0; tries < 12; tries++) {
        await scenario.pass(1_000);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(scenario.stateOf(service).state).not.toBe('up');
      expect((await scenario.account(service, fromMs, fromMs + 5_000)).upMs).toBe(0);
    } finally {
      await scenario.end();
      await fake.stop();
    }
  });

  it('43 · a window over many thousand segments reads sums and its two ends, not the segments', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'history-'));
    const hourMs = 3_600_000;
    const startMs = Date.UTC(2026, 10, 1);
    const options = { directory, services: ['a', 'b'], startMs, hours: 48, segmentsPerHour: 200 };
    try {
      writeHistory(options);
      // What lies in between is not looked at: it might as well not be there.
      const journal = new Database(join(directory, 'journal.db'));
      journal.exec('DROP TRIGGER segments_are_kept_until_archived');
      const [fromMs, toMs] = [startMs + hourMs, startMs + 46 * hourMs];
      expect(
        journal.prepare('DELETE FROM segments WHERE from_ms > ? AND from_ms < ?').run(fromMs, toMs).changes,
      ).toBe(2 * (45 * 200 - 1));
      journal.close();
      const history = openHistory(options);
      const { services } = history.measure(startMs + 1_234, startMs + 47 * hourMs + 5_678);
      // Half of the time is up; the ends are cut within a segment of 18 s.
      for (const { upMs } of services) expect(Math.abs(upMs - 23.5 * hourMs)).toBeLessThan(36_000);
      const whole = history.measure(startMs, startMs + 48 * hourMs).services;
      expect(whole.map(({ upMs, downMs }) => [upMs, downMs])).toEqual([
        [24 * hourMs, 24 * hourMs],
        [24 * hourMs, 24 * hourMs],
      ]);
      history.close();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
