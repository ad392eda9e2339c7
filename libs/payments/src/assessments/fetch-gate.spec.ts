import { describe, expect, it, jest } from '@jest/globals';

import { FetchGate } from './fetch-gate.js';

/** A question that is answered when the test says so. */
function question() {
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  let isAsked = false;
  return {
    ask: () => {
      isAsked = true;
      return answered;
    },
    answer,
    isAsked: () => isAsked,
  };
}

/** Lets everything that needs no time happen. */
const settle = () => jest.advanceTimersByTimeAsync(0);

describe('the gate before the workers', () => {
  it('asks as many at once as there are places, and the next one when one has answered', async () => {
    const gate = new FetchGate({ prompt: 2, waiting: 10, promptMs: 1_000_000 });
    const questions = [question(), question(), question()];
    const runs = questions.map(({ ask }) => gate.run(ask));
    expect(questions.map(({ isAsked }) => isAsked())).toEqual([true, true, false]);
    questions[0]?.answer();
    await runs[0];
    await Promise.resolve();
    expect(questions[2]?.isAsked()).toBe(true);
    questions.forEach(({ answer }) => {
      answer();
    });
    await Promise.all(runs);
  });

  describe('with workers that do not answer', () => {
    const gate = new FetchGate({ prompt: 1, waiting: 2, promptMs: 300 });

    it('waits for them aside, a bounded number, and lets others through meanwhile', async () => {
      jest.useFakeTimers();
      try {
        const silent = [question(), question(), question()];
        const runs = silent.map(({ ask }) => gate.run(ask));
        const last = question();
        runs.push(gate.run(last.ask));
        const asked = () => [...silent, last].filter(({ isAsked }) => isAsked()).length;
        expect(asked()).toBe(1);
        await jest.advanceTimersByTimeAsync(301);
        expect(asked()).toBe(2);
        await jest.advanceTimersByTimeAsync(301);
        expect(asked()).toBe(3);
        // Both places aside are taken: the third keeps its own, and the last one has to wait for it.
        await jest.advanceTimersByTimeAsync(10_000);
        expect(asked()).toBe(3);
        silent[2]?.answer();
        await settle();
        expect(last.isAsked()).toBe(true);
        [...silent, last].forEach(({ answer }) => {
          answer();
        });
        await Promise.all(runs);
      } finally {
        jest.useRealTimers();
      }
    });

    it('gives every place back, also after a question that fails', async () => {
      await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
      const next = question();
      const run = gate.run(next.ask);
      expect(next.isAsked()).toBe(true);
      next.answer();
      await run;
    });
  });
});
