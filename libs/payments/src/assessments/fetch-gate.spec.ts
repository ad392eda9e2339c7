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

async function ask(gate: FetchGate, { ask }: { ask: () => Promise<void> }): Promise<void> {
  const place = await gate.enter();
  try {
    await ask();
  } finally {
    place.leave();
  }
}

/** Lets everything that needs no time happen. */
const settle = () => jest.advanceTimersByTimeAsync(0);

describe('the gate before the workers', () => {
  it('asks as many at once as there are places, and the next one when one has answered', async () => {
    const gate = new FetchGate({ prompt: 2, waiting: 10, promptMs: 1_000_000 });
    const questions = [question(), question(), question()];
    const runs = questions.map((next) => ask(gate, next));
    await new Promise(setImmediate);
    expect(questions.map(({ isAsked }) => isAsked())).toEqual([true, true, false]);
    questions[0]?.answer();
    await runs[0];
    await new Promise(setImmediate);
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
        const runs = silent.map((next) => ask(gate, next));
        const last = question();
        runs.push(ask(gate, last));
        await settle();
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
      await expect(ask(gate, { ask: () => Promise.reject(new Error('no')) })).rejects.toThrow('no');
      const next = question();
      const run = ask(gate, next);
      await new Promise(setImmediate);
      expect(next.isAsked()).toBe(true);
      next.answer();
      await run;
    });

    it('takes a place back once, however often it is left', async () => {
      const place = await gate.enter();
      place.leave();
      place.leave();
      const [first, second] = [question(), question()];
      const runs = [first, second].map((next) => ask(gate, next));
      await new Promise(setImmediate);
      expect([first.isAsked(), second.isAsked()]).toEqual([true, false]);
      [first, second].forEach(({ answer }) => {
        answer();
      });
      await Promise.all(runs);
    });
  });

  it('lets the answers in before it asks many more', async () => {
    const gate = new FetchGate({ prompt: 1_000, waiting: 0, promptMs: 1_000_000 });
    const questions = Array.from({ length: 100 }, question);
    const asked = () => questions.filter(({ isAsked }) => isAsked()).length;
    const runs = questions.map((next) => ask(gate, next));
    const seen: number[] = [];
    while (asked() < 100) {
      await new Promise(setImmediate);
      seen.push(asked());
    }
    expect(seen.length).toBeGreaterThan(4);
    questions.forEach(({ answer }) => {
      answer();
    });
    await Promise.all(runs);
  });
});
