import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { decideDue } from '../../testing/decide-due.js';
import { at, AssessorRig } from './testing/assessor-rig.js';

describe('while an entry is posted', () => {
  let rig: AssessorRig;

  beforeEach(async () => {
    rig = await AssessorRig.open();
  });
  afterEach(() => rig.close());

  /** Holds every posting back from its beginning until it is let go. */
  function holdPosting(): { begun: Promise<void>; letGo: () => void } {
    const { ledger } = rig.services;
    const post = ledger.post.bind(ledger);
    let letGo = (): void => undefined;
    const released = new Promise<void>((resolve) => (letGo = resolve));
    const begun = new Promise<void>((begin) => {
      ledger.post = async (tx, entry) => {
        begin();
        await released;
        return post(tx, entry);
      };
    });
    return { begun, letGo };
  }

  const isClaimed = async (periodStart: Date): Promise<boolean> => {
    const rows = await rig.books.database.dataSource.query<unknown[]>(
      `select from payments.pending_assessment where period_start = $1 and next_attempt_at > payments.clock()`,
      [periodStart],
    );
    return rows.length > 0;
  };

  it('nobody is asked anything, and everybody once it is over', async () => {
    const { id } = await rig.create('one');
    let questions = 0;
    rig.worker('one').answer = () => {
      questions += 1;
      return undefined;
    };
    const { begun, letGo } = holdPosting();
    await rig.setClock(at(1));
    const first = decideDue(rig.services.assessor, rig.source);
    await begun;
    expect(questions).toBe(1);

    await rig.setClock(at(2));
    const second = decideDue(rig.services.assessor, rig.source);
    while (!(await isClaimed(at(1)))) await nextTurn();
    for (let turns = 0; turns < 100; turns += 1) await nextTurn();
    expect(questions).toBe(1);

    letGo();
    await Promise.all([first, second]);
    expect(questions).toBe(2);
    expect(await rig.payable(id)).toBe(20_000_000n);
  });
});
