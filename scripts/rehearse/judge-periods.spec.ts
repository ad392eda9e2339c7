import { describe, expect, it } from '@jest/globals';

import { type Expectation, type JudgedPeriod, judgePeriods } from './judge-periods.js';

const periodMs = 5_000;
const orchestratorId = 'a';
const at = (period: number) => period * periodMs;
const judgedAs = (decision: JudgedPeriod['decision'], period: number): JudgedPeriod => ({
  ...{ orchestratorId, decision, reason: decision === 'unpaid' ? 'below_threshold' : null },
  ...{ startMs: at(period), endMs: at(period + 1), amountMicroUsd: decision === 'paid' ? 833_333n : 0n },
});
const paid = (period: number) => judgedAs('paid', period);
const expected = (more: Partial<Expectation> = {}): Expectation => ({
  ...{ orchestratorId, periods: { fromMs: at(10), toMs: at(14) }, outages: [], unsure: [] },
  ...more,
});
const faults = (expectation: Expectation, judged: JudgedPeriod[]) =>
  judgePeriods(periodMs, [expectation], judged).faults;

describe('the verdict about periods', () => {
  it('is good when each was judged once, and counts them', () => {
    expect(judgePeriods(periodMs, [expected()], [10, 11, 12, 13].map(paid))).toEqual({
      ...{ expected: 4, paid: 4, unpaid: 0, faults: [] },
    });
  });

  it('names a period that was lost', () => {
    expect(faults(expected(), [10, 11, 13].map(paid))).toEqual([
      'the period 1970-01-01T00:01:00.000Z of a was lost',
    ]);
  });

  it('names a period that was judged twice', () => {
    expect(faults(expected(), [10, 11, 11, 12, 13].map(paid))).toEqual([
      'the period 1970-01-01T00:00:55.000Z of a was judged 2 times',
    ]);
  });

  it("does not take another orchestrator's period for one of its own", () => {
    const others = { ...paid(13), orchestratorId: 'b' };
    expect(faults(expected(), [...[10, 11, 12].map(paid), others])).toHaveLength(1);
  });

  it('names ranges that are not periods, and periods that are still pending', () => {
    const shifted = { ...paid(13), startMs: at(13) + 1, endMs: at(14) + 1 };
    expect(faults(expected(), [...[10, 11, 12].map(paid), shifted])).toHaveLength(2);
    expect(faults(expected(), [...[10, 11, 12].map(paid), judgedAs('pending', 13)])).toEqual([
      'the period 1970-01-01T00:01:05.000Z of a is still pending',
    ]);
  });

  it('names an unpaid period although all was up, and a paid one although a service was down in all of it', () => {
    const outages = [{ fromMs: at(11), toMs: at(12) + 1 }];
    const judged = [paid(10), paid(11), judgedAs('unpaid', 12), judgedAs('unpaid', 13)];
    expect(faults(expected({ outages }), judged)).toEqual([
      'the period 1970-01-01T00:00:55.000Z of a is paid although a service was down in all of it',
      'the period 1970-01-01T00:01:05.000Z of a is unpaid (below_threshold) although every service was up',
    ]);
  });

  it('leaves periods to the evidence that the rehearsal itself is unsure of', () => {
    const unsure = [{ fromMs: at(11) + 1, toMs: at(12) + 1 }];
    const judged = [paid(10), judgedAs('unpaid', 11), paid(12), paid(13)];
    expect(faults(expected({ unsure }), judged)).toEqual([]);
    expect(faults(expected({ unsure }), [...judged.slice(0, 2), paid(13)])).toHaveLength(1);
  });

  it('names a decision whose amount contradicts it', () => {
    expect(faults(expected(), [...[10, 11, 12].map(paid), { ...paid(13), amountMicroUsd: 0n }])).toHaveLength(
      1,
    );
  });
});
