import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { decideDue } from '../../testing/decide-due.js';
import { AssessorRig, at } from './testing/assessor-rig.js';

describe('two processes that assess the same books', () => {
  let rig: AssessorRig;

  beforeEach(async () => {
    rig = await AssessorRig.open();
  });
  afterEach(() => rig.close());

  it('post once when they do it at once, again and again', async () => {
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) ids.push((await rig.create(name)).id);
    const other = await rig.replica();
    const turnOfOther = (): ReturnType<typeof decideDue> => decideDue(other.assessor, rig.source);
    await rig.setClock(at(20));

    const turns = await Promise.all([rig.turn(), turnOfOther(), rig.turn(), turnOfOther()]);
    turns.push(await turnOfOther());

    expect(turns.flat()).toHaveLength(80);
    expect(new Set(turns.flat().map((record) => record.id)).size).toBe(80);
    for (const id of ids) expect(await rig.payable(id)).toBe(200_000_000n);
    expect(await rig.count('payments.assessment')).toBe(80);
  });

  it('write nothing twice when a lease has run out and both hold the same report', async () => {
    const { id } = await rig.create('one');
    const other = await rig.replica();
    let arrived = 0;
    let letGo: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (letGo = resolve));
    rig.worker('one').answer = async () => {
      arrived += 1;
      if (arrived === 2) letGo();
      await both;
      return undefined;
    };
    await rig.setClock(at(1));
    const first = rig.turn();
    while (arrived === 0) await new Promise(setImmediate);
    await rig.books.owner.query(`update payments.pending_assessment set next_attempt_at = '2026-01-01'`);
    const second = decideDue(other.assessor, rig.source);
    const decided = [...(await first), ...(await second)];
    expect(decided).toHaveLength(1);
    expect(await rig.payable(id)).toBe(10_000_000n);
  });
});
