import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedEngine, startSimulatedEngine } from '#monitoring/testing';

import { allUp, MonitorRig, settled, uptime } from '../testing/monitor-rig.js';
import { JournalLockedError, JournalUnwritableError } from './journal/journal-errors.js';

const services = ['redis_scb', 'autogen_agent'];
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

/** Runs a worker, lets something happen while none runs, and runs another until it sees all up. */
async function absence(meanwhile: () => void | Promise<void>) {
  const first = await rig.start(services);
  const fromMs = await allUp(first);
  await rig.stop(first);
  await meanwhile();
  const second = await rig.start(services);
  const toMs = await allUp(second);
  return { second, fromMs, toMs };
}

describe('Monitor after an absence', () => {
  it('still knows what it recorded', async () => {
    const first = await rig.start(services);
    const fromMs = await allUp(first);
    const toMs = await settled(first);
    const answer = first.window(fromMs, toMs);
    await rig.stop(first);
    const second = await rig.start(services);
    expect(second.watermarkMs()).toBeGreaterThanOrEqual(toMs);
    expect(second.window(fromMs, toMs)).toEqual(answer);
  });

  it('infers up time from the same run and a replay of events that reaches over the whole gap', async () => {
    const { second, fromMs, toMs } = await absence(() => undefined);
    const { upMs, inferredUpMs, unknownMs } = uptime(second, 'redis_scb', fromMs, toMs);
    expect(inferredUpMs).toBeGreaterThan(0);
    expect(unknownMs).toBe(0);
    expect(upMs).toBe(toMs - fromMs);
    expect(inferredUpMs).toBeLessThan(upMs);
  });

  it.each<[string, () => void | Promise<void>]>([
    [
      'the service was restarted',
      () => {
        engine.restartService('redis_scb');
      },
    ],
    [
      'the service was paused',
      () => {
        engine.pauseService('redis_scb');
        engine.unpauseService('redis_scb');
      },
    ],
    [
      'the Engine was started anew and remembers nothing',
      async () => {
        await engine.goAway();
        await engine.comeBack({ forgetful: true });
      },
    ],
    [
      'more happened than the Engine remembers',
      () => {
        for (let count = 0; count < 130; count++) {
          engine.pauseService('autogen_agent');
          engine.unpauseService('autogen_agent');
        }
      },
    ],
  ])('calls the absence unknown when %s', async (_case, meanwhile) => {
    const { second, fromMs, toMs } = await absence(meanwhile);
    const { inferredUpMs, unknownMs } = uptime(second, 'redis_scb', fromMs, toMs);
    expect(inferredUpMs).toBe(0);
    expect(unknownMs).toBeGreaterThan(0);
  });

  it('leaves the directory to one worker at a time', async () => {
    const first = await rig.start(services);
    await expect(rig.start(services)).rejects.toThrow(JournalLockedError);
    await rig.stop(first);
    await rig.start(services);
  });

  it('says when its directory cannot be written', async () => {
    const file = join(rig.dataDir, 'file');
    await writeFile(file, '');
    await expect(rig.start(services, { dataDir: join(file, 'journal') })).rejects.toThrow(
      JournalUnwritableError,
    );
  });
});
