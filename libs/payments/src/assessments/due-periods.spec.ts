import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { openEndedPeriods } from './due-periods.js';
import { AssessorRig, at } from './testing/assessor-rig.js';

const pendingRows = z.array(z.object({ id: z.uuid(), periods: z.int() }));

describe('putting ended periods into the queue', () => {
  let rig: AssessorRig;

  beforeEach(async () => {
    rig = await AssessorRig.open();
  });
  afterEach(() => rig.close());

  const open = (orchestrators: number): Promise<number> =>
    rig.books.database.transaction((tx) =>
      openEndedPeriods(tx, { reportDelayMs: 500, perOrchestrator: 60, orchestrators }),
    );

  /** How many periods of each orchestrator wait, by its name. */
  async function pending(): Promise<Record<string, number>> {
    const { items } = await rig.services.orchestrators.list();
    const rows: unknown = await rig.books.owner.query(
      'select orchestrator_id as id, count(*)::int as periods from payments.pending_assessment group by orchestrator_id',
    );
    const periodsOf = new Map(pendingRows.parse(rows).map(({ id, periods }) => [id, periods]));
    return Object.fromEntries(items.map(({ id, name }) => [name, periodsOf.get(id) ?? 0]));
  }

  it('takes so many orchestrators at a time, those first that have waited longest, until nobody is left', async () => {
    for (const name of ['one', 'two', 'three']) await rig.create(name);
    await rig.setClock(at(1, 30_000));
    for (const name of ['four', 'five']) await rig.create(name);
    await rig.setClock(at(3, 500));

    expect(await open(3)).toBe(3);
    expect(await pending()).toEqual({ one: 3, two: 3, three: 3, four: 0, five: 0 });
    expect(await open(3)).toBe(2);
    expect(await pending()).toEqual({ one: 3, two: 3, three: 3, four: 1, five: 1 });
    expect(await open(3)).toBe(0);
  });

  it('takes no place for an orchestrator that has been archived before its next period ended', async () => {
    const { id } = await rig.create('one');
    await rig.setClock(at(0, 30_000));
    await rig.create('two');
    await rig.services.orchestrators.archive(id, 'admin');
    await rig.setClock(at(2, 500));
    expect(await open(1)).toBe(1);
    expect(await pending()).toEqual({ one: 0, two: 1 });
    expect(await open(1)).toBe(0);
  });
});
