import { describe, expect, it } from '@jest/globals';

import { JobSlots } from './job-slots.js';

describe('the slots for jobs', () => {
  it('are as many as the capacity, and can be taken again when released', () => {
    const slots = new JobSlots(2);
    expect([slots.take(), slots.take(), slots.take()]).toEqual([true, true, false]);
    slots.release();
    expect(slots.running).toBe(1);
    expect(slots.take()).toBe(true);
  });

  it('are given to nobody any more while they are drained, which ends with the last job', async () => {
    const slots = new JobSlots(2);
    slots.take();
    slots.take();
    const drained = slots.drain(60_000).then(() => slots.running);
    expect(slots.take()).toBe(false);
    slots.release();
    expect(slots.take()).toBe(false);
    slots.release();
    expect(await drained).toBe(0);
  });

  it('are drained at once when no job runs, and in any case after the limit', async () => {
    await new JobSlots(1).drain(60_000);
    const stuck = new JobSlots(1);
    stuck.take();
    await stuck.drain(1);
    expect(stuck.running).toBe(1);
  });
});
