import { describe, expect, it } from '@jest/globals';

import { runSteps, StepFailed, StepSkipped } from './step.js';

describe('the steps of a verification', () => {
  it('are each judged, unless an earlier one leaves nothing to judge', async () => {
    const seen: string[] = [];
    const results = await runSteps(
      [
        { name: 'services', needs: [], run: async () => '7 up' },
        { name: 'gateway', needs: [], run: async () => Promise.reject(new StepFailed('down')) },
        { name: 'report', needs: ['gateway'], run: async () => 'never asked' },
        { name: 'ledger', needs: ['services'], run: async () => 'adds up' },
        { name: 'payout', needs: [], run: async () => Promise.reject(new StepSkipped('by hand')) },
        { name: 'chain', needs: ['payout'], run: async () => 'never asked' },
      ],
      ({ name }) => seen.push(name),
    );
    expect(results).toEqual([
      { name: 'services', status: 'ok', detail: '7 up' },
      { name: 'gateway', status: 'failed', detail: 'down' },
      { name: 'report', status: 'skipped', detail: 'cannot be judged without the step "gateway"' },
      { name: 'ledger', status: 'ok', detail: 'adds up' },
      { name: 'payout', status: 'skipped', detail: 'by hand' },
      { name: 'chain', status: 'skipped', detail: 'cannot be judged without the step "payout"' },
    ]);
    expect(seen).toEqual(results.map(({ name }) => name));
  });
});
