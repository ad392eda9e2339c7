import { describe, expect, it } from '@jest/globals';
import { Turn } from './turn.js';

/** A promise that the test settles. */
function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

describe('a turn of scheduled work', () => {
  it('drops a tick that comes while it is under way', async () => {
    const { passed, open } = gate();
    let turns = 0;
    const turn = new Turn('work', async () => {
      turns += 1;
      await passed;
    });
    const first = turn.tick();
    await turn.tick();
    expect(turns).toBe(1);
    open();
    await first;
    await turn.tick();
    expect(turns).toBe(2);
  });

  it('runs as many turns at once as it may, and waits for all of them when it drains', async () => {
    const gates = [gate(), gate(), gate()];
    const ended: number[] = [];
    let turns = 0;
    const turn = new Turn(
      'work',
      async () => {
        const number = turns++;
        await gates[number]?.passed;
        ended.push(number);
      },
      2,
    );
    const first = turn.tick();
    void turn.tick();
    await turn.tick();
    expect(turns).toBe(2);
    gates[0]?.open();
    await first;
    void turn.tick();
    expect(turns).toBe(3);
    const drained = turn.drain();
    gates[2]?.open();
    gates[1]?.open();
    await drained;
    expect(ended.sort()).toEqual([0, 1, 2]);
  });

  it('goes on after a failure and tells why until it succeeds', async () => {
    let fault: Error | undefined = new Error('no database');
    const turn = new Turn('work', async () => {
      if (fault) throw fault;
    });
    await turn.tick();
    expect(turn.outcome).toEqual({ failure: 'no database', lastSuccessAtMs: undefined });
    fault = undefined;
    await turn.tick();
    expect(turn.outcome).toEqual({ failure: undefined, lastSuccessAtMs: expect.any(Number) });
  });

  it('drains: tells the work under way to end, waits for it and begins no other', async () => {
    const { passed, open } = gate();
    let turns = 0;
    let ended = false;
    const turn = new Turn('work', async (signal) => {
      turns += 1;
      // Later than anything that does not wait for it.
      signal.addEventListener('abort', () => setImmediate(open));
      await passed;
      ended = true;
    });
    void turn.tick();
    await turn.drain();
    expect(ended).toBe(true);
    await turn.tick();
    expect(turns).toBe(1);
  });
});
