import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { AssessorRig, at } from '../assessments/testing/assessor-rig.js';
import { AlertWatch } from './alert-watch.js';
import { settings } from './testing/some-facts.js';

const outside = {
  chain: { state: 'off', detail: null, waitsFor: null },
  funds: undefined,
  reconciliation: undefined,
} as const;
const others = ['one', 'two', 'three'];

let rig: AssessorRig;
let lastId: string;
const silent = new Set<string>();

beforeEach(async () => {
  silent.clear();
  rig = await AssessorRig.open();
  for (const name of [...others, 'last']) {
    const { id } = await rig.create(name);
    if (name === 'last') lastId = id;
    rig.worker(name).answer = () =>
      silent.has(name) ? { kind: 'failed', detail: 'connection refused' } : undefined;
  }
});
afterEach(() => rig.close());

/** What is open after a look at this moment, by a process that remembers nothing of earlier looks. */
async function openAt(minutes: number, ms = 0): Promise<string[]> {
  await rig.setClock(at(minutes, ms));
  await new AlertWatch(rig.books.database, rig.services.alerts, settings).look(outside);
  const { items } = await rig.services.alerts.list({ state: 'open' });
  return items.map(({ kind, subject }) => `${kind} ${subject}`).sort();
}
/** An attempt's time runs on with the process that makes it: it lies a little after this moment. */
const asked = (minutes: number, ms = 0) => rig.assessAt(at(minutes, ms));
const halfMinuteMs = 30_000;

/** Everybody is silent for three periods; in the fifth minute all but the last one answer again. */
async function outageUntilTheFifthMinute(): Promise<void> {
  for (const name of [...others, 'last']) silent.add(name);
  for (const minute of [1, 2, 3, 4]) await asked(minute);
  expect(await openAt(4)).toEqual(['evidence_source_down evidence']);
  for (const name of others) silent.delete(name);
  await asked(5);
  expect(await openAt(5)).toEqual([]);
}

describe('after an outage of everybody, a worker that is asked again last', () => {
  it('is not told by itself when it answers then', async () => {
    await outageUntilTheFifthMinute();
    expect(await openAt(5, 10_000)).toEqual([]);
    silent.delete('last');
    await asked(5, 30_000);
    for (const minute of [6, 7, 8, 9]) {
      await asked(minute);
      expect(await openAt(minute)).toEqual([]);
    }
  });

  it('is told once it has been silent by itself for as many periods as any other', async () => {
    await outageUntilTheFifthMinute();
    for (const minute of [6, 7, 8]) {
      await asked(minute);
      expect(await openAt(minute)).toEqual([]);
    }
    expect(await openAt(9, halfMinuteMs)).toEqual([`worker_unreachable orchestrator/${lastId}`]);
    silent.delete('last');
    await asked(10);
    expect(await openAt(10)).toEqual([]);
  });

  it('is not told while nobody asks it, and is told when it was asked for long enough', async () => {
    await outageUntilTheFifthMinute();
    expect(await openAt(60)).toEqual(['assessment_lagging assessments']);
    await asked(60);
    expect(await openAt(60)).toEqual([]);
    await asked(62);
    expect(await openAt(62)).toEqual([]);
    await asked(63);
    expect(await openAt(63, halfMinuteMs)).toEqual([`worker_unreachable orchestrator/${lastId}`]);
  });

  it('stays told when it was told before the outage', async () => {
    const told = `worker_unreachable orchestrator/${lastId}`;
    silent.add('last');
    for (const minute of [1, 2, 3, 4]) await asked(minute);
    expect(await openAt(4)).toEqual([told]);
    for (const name of others) silent.add(name);
    for (const minute of [5, 6, 7, 8]) await asked(minute);
    expect(await openAt(8)).toEqual(['evidence_source_down evidence', told]);
    for (const name of others) silent.delete(name);
    await asked(10);
    for (const minute of [10, 11, 12, 13, 14]) expect(await openAt(minute)).toEqual([told]);
  });

  it('is told after a second outage only when it was silent by itself after that', async () => {
    await outageUntilTheFifthMinute();
    for (const name of others) silent.add(name);
    for (const minute of [6, 7, 8]) await asked(minute);
    expect(await openAt(8)).toEqual([]);
    await asked(9);
    expect(await openAt(9)).toEqual(['evidence_source_down evidence']);
    for (const name of others) silent.delete(name);
    await asked(11);
    expect(await openAt(11)).toEqual([]);
    for (const minute of [12, 13, 14]) await asked(minute);
    expect(await openAt(14)).toEqual([]);
    await asked(16);
    expect(await openAt(16, halfMinuteMs)).toEqual([`worker_unreachable orchestrator/${lastId}`]);
  });
});
