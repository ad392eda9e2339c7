import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';
import Database from 'libsql';

import { Scenario, type ScenarioOptions } from '../../testing/scenario.js';
import { JournalLockedError } from '../journal/journal-errors.js';

const redis = 'redis_scb';
let scenario: Scenario;

const begin = async (options?: ScenarioOptions) => (scenario = await Scenario.begin(options));

afterEach(async () => {
  await scenario.end();
});

describe('scenarios of the worker itself', () => {
  it('21 · a worker killed within a transaction opens its journal as it is, at its last watermark', async () => {
    await begin();
    await scenario.pass(6_000);
    const reachedMs = scenario.monitor.watermarkMs();
    const answer = scenario.monitor.window(reachedMs - 5_000, reachedMs);
    await scenario.stopWorker();
    // Another process begins a transaction on the journal and is killed within it.
    const journal = join(scenario.dataDir, 'journal.db');
    const program = `const db = new (require('libsql'))(${JSON.stringify(journal)});
      db.exec('BEGIN IMMEDIATE; DELETE FROM hour_sums; CREATE TABLE half (a); INSERT INTO half VALUES (1)');
      process.stdout.write('in it'); setInterval(() => {}, 1000);`;
    const killed = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(killed.stdout, 'data');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    await scenario.startWorker();
    expect(scenario.monitor.window(reachedMs - 5_000, reachedMs)).toEqual(answer);
    expect(scenario.monitor.journal().writable).toBe(true);
    // A transaction of the worker's own that breaks off after its first rows leaves nothing of them.
    const other = new Database(journal);
    other.exec(`CREATE TRIGGER cut BEFORE UPDATE ON watermark BEGIN SELECT RAISE(FAIL, 'cut off'); END`);
    scenario.engine.killService(redis);
    await scenario.pass(6_000);
    expect(scenario.monitor.journal()).toMatchObject({ writable: false, lastError: 'cut off' });
    await scenario.stopWorker();
    other.exec('DROP TRIGGER cut');
    other.close();
    await scenario.startWorker();
    expect(scenario.monitor.window(reachedMs - 5_000, reachedMs)).toEqual(answer);
    expect(scenario.monitor.journal().writable).toBe(true);
    expect(scenario.nowMs - scenario.monitor.watermarkMs()).toBeLessThanOrEqual(15_000);
  });

  it('21 · a worker restarted every twenty seconds proves no more than what it saw and what a replay shows', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    for (let round = 0; round < 3; round++) {
      await scenario.pass(8_000);
      await scenario.stopWorker();
      await scenario.pass(1_500);
      await scenario.startWorker();
    }
    const toMs = scenario.nowMs - 6_000;
    const { upMs, inferredUpMs, unknownMs } = await scenario.account(redis, fromMs, toMs);
    expect(upMs + unknownMs).toBe(toMs - fromMs);
    expect(inferredUpMs).toBeGreaterThanOrEqual(3 * 1_500);
    expect(inferredUpMs).toBeLessThanOrEqual(3 * 8_000);
    // An Engine that remembers nothing proves nothing, though the same container runs.
    const awayMs = scenario.nowMs;
    await scenario.stopWorker();
    scenario.engine.events.forget();
    await scenario.pass(1_500);
    await scenario.startWorker();
    const absence = await scenario.account(redis, awayMs, awayMs + 1_500);
    expect(absence).toMatchObject({ upMs: 0, unknownMs: 1_500 });
  });

  it('22 · an outage while no worker was running is unknown, never up', async () => {
    await begin({ services: [redis, 'autogen_agent', 'scb_gateway'].map((name) => ({ name })) });
    await scenario.pass(6_000);
    const fromMs = scenario.nowMs;
    await scenario.stopWorker();
    await scenario.pass(3_000);
    scenario.engine.killService(redis);
    // A pause leaves no trace in a later inspection.
    scenario.engine.pauseService('scb_gateway');
    const diedMs = scenario.nowMs;
    await scenario.pass(4_000);
    scenario.engine.startService(redis);
    scenario.engine.unpauseService('scb_gateway');
    const startedMs = scenario.nowMs;
    await scenario.pass(3_000);
    await scenario.startWorker();
    for (const name of [redis, 'scb_gateway']) {
      expect((await scenario.account(name, diedMs, startedMs)).upMs).toBe(0);
    }
    const absent = await scenario.account(redis, fromMs, startedMs + 3_000);
    expect(absent).toMatchObject({ upMs: 0, inferredUpMs: 0, unknownMs: absent.unknownMs });
    // The neighbour, of which nothing was told, ran through.
    expect((await scenario.account('autogen_agent', fromMs, startedMs + 3_000)).inferredUpMs).toBeGreaterThan(
      0,
    );
  });

  it('23 · while the disk takes nothing the watermark stands, and what lies far back then is unknown', async () => {
    await begin();
    await scenario.pass(6_000);
    const other = new Database(join(scenario.dataDir, 'journal.db'));
    other.exec('BEGIN IMMEDIATE');
    const stuckMs = scenario.monitor.watermarkMs();
    for (let tries = 0; scenario.nowMs < stuckMs + 40_000 && tries < 50; tries++) await scenario.pass(1_000);
    expect(scenario.monitor.watermarkMs()).toBe(stuckMs);
    expect(scenario.monitor.journal()).toMatchObject({ writable: false });
    other.exec('ROLLBACK');
    other.close();
    const { unknownMs } = await scenario.account(redis, stuckMs, stuckMs + 20_000);
    expect(unknownMs).toBe(20_000);
    expect(scenario.monitor.journal()).toMatchObject({ writable: true });
  });

  it('23 · a write-ahead log torn by a power cut loses its end at most, and one of garbage adds nothing', async () => {
    await begin();
    await scenario.pass(70_000);
    const reachedMs = scenario.monitor.watermarkMs();
    const answer = scenario.monitor.window(reachedMs - 60_000, reachedMs - 20_000);
    const files = ['journal.db', 'journal.db-wal', 'journal.db-shm'];
    const [journal = '', log = ''] = files.map((name) => join(scenario.dataDir, name));
    const asTheyWere = [await readFile(journal), await readFile(log)] as const;
    const layDown = async (writeAheadLog: Buffer) => {
      await scenario.stopWorker();
      for (const name of files) await rm(join(scenario.dataDir, name), { force: true });
      await writeFile(journal, asTheyWere[0]);
      await writeFile(log, writeAheadLog);
    };
    await layDown(Buffer.concat([asTheyWere[1].subarray(0, -3_000), Buffer.alloc(700, 0x5a)]));
    await scenario.startWorker();
    expect(scenario.monitor.window(reachedMs - 60_000, reachedMs - 20_000)).toEqual(answer);
    await layDown(Buffer.alloc(20_000, 0x5a));
    await scenario.startWorker();
    const { allUpMs } = scenario.monitor.window(reachedMs - 60_000, reachedMs - 20_000);
    expect(allUpMs).toBeLessThanOrEqual(answer.allUpMs);
    await layDown(asTheyWere[1]);
    await scenario.startWorker();
    expect(scenario.monitor.window(reachedMs - 60_000, reachedMs - 20_000)).toEqual(answer);
  });

  it('24 · a second worker on the same directory does not start', async () => {
    await begin();
    const first = scenario.monitor;
    await expect(scenario.startWorker()).rejects.toThrow(JournalLockedError);
    expect(first.journal().writable).toBe(true);
  });

  it('37 · a sealed minute is the same for ever; an event that comes late does not alter it', async () => {
    await begin();
    await scenario.pass(130_000);
    const toMs = scenario.monitor.journal().sealedUntilMs ?? 0;
    const minutes = () => JSON.stringify([...scenario.monitor.sealedMinutes(toMs - 120_000, toMs)]);
    const before = minutes();
    expect(before).toContain('hash');
    // A die that bears a time within a minute that is sealed.
    const { id } = scenario.engine.service(redis);
    const nano = `${toMs - 30_000}000000`;
    const Actor = { ID: id, Attributes: { name: redis, image: 'redis' } };
    const line = JSON.stringify({ Type: 'container', Action: 'die', Actor }).slice(0, -1);
    scenario.engine.events.tellRaw(`${line},"timeNano":${nano}}\n`);
    // Another minute is sealed meanwhile.
    await scenario.pass(71_000);
    expect(minutes()).toBe(before);
    await scenario.stopWorker();
    await scenario.startWorker();
    expect(minutes()).toBe(before);
  });

  it('38 · a machine set back to an older snapshot tells another hash for the same time, which shows', async () => {
    await begin();
    await scenario.pass(70_000);
    await scenario.stopWorker();
    const files = (await readdir(scenario.dataDir)).filter((name) => name.startsWith('journal.db'));
    for (const name of files)
      await copyFile(join(scenario.dataDir, name), join(scenario.dataDir, `old-${name}`));
    await scenario.startWorker();
    await scenario.pass(130_000);
    const toMs = scenario.monitor.journal().sealedUntilMs ?? 0;
    const first = scenario.monitor.window(toMs - 60_000, toMs);
    await scenario.stopWorker();
    for (const name of await readdir(scenario.dataDir)) {
      if (name.startsWith('journal.db')) await rm(join(scenario.dataDir, name));
    }
    for (const name of files)
      await copyFile(join(scenario.dataDir, `old-${name}`), join(scenario.dataDir, name));
    await scenario.startWorker();
    const again = scenario.monitor.window(toMs - 60_000, toMs);
    expect(again.minuteHash).not.toBe(first.minuteHash);
    expect(again.allUpMs).toBe(0);
  });

  it('39 · a journal that was deleted makes the time before unknown, not the window shorter', async () => {
    await begin();
    const fromMs = scenario.nowMs;
    await scenario.pass(70_000);
    await scenario.stopWorker();
    for (const name of await readdir(scenario.dataDir)) await rm(join(scenario.dataDir, name));
    await scenario.startWorker();
    const found = await scenario.account(redis, fromMs, fromMs + 80_000);
    expect(found.unknownMs).toBeGreaterThanOrEqual(70_000);
    expect(found.inferredUpMs).toBe(0);
  });
});
