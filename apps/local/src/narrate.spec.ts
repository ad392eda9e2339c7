import { describe, expect, it } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';

import { narrate } from './narrate.js';

const assessed = {
  message: 'period assessed',
  orchestratorName: 'orch.example',
  periodStart: '2026-11-22T12:00:10.000Z',
  uptimePercentage: 100,
  decision: 'paid',
  reasonText: null,
  amountUsd: '1.666666',
};

const told = (fact: { message: string } & Record<string, unknown>) =>
  stripVTControlCharacters(narrate(fact) ?? '');

describe('what the local stack tells of the log', () => {
  it('is one line per orchestrator and period: uptime, decision, amount', () => {
    expect(told(assessed)).toBe('12:00:10  orch.example  100.00 % up  ✔ paid $1.666666');
  });

  it('says why a period is unpaid', () => {
    const unpaid = {
      ...assessed,
      uptimePercentage: 85.71,
      decision: 'unpaid',
      reasonText: 'autogen_agent was down',
    };
    expect(told(unpaid)).toMatch(/ 85\.71 % up {2}✘ unpaid: autogen_agent was down$/);
  });

  it('does not make up an uptime that nobody reported', () => {
    expect(told({ ...assessed, uptimePercentage: null, decision: 'unpaid' })).toMatch(/no report/);
  });

  it('shortens whole dollars and leaves the rest exact', () => {
    expect(told({ ...assessed, amountUsd: '10.000000' })).toMatch(/\$10\.00$/);
    expect(told({ ...assessed, amountUsd: '0.166667' })).toMatch(/\$0\.166667$/);
  });

  it('is silent about facts that are not for people, or that it cannot read', () => {
    expect(narrate({ message: 'database connected' })).toBeUndefined();
    expect(narrate({ message: 'period assessed' })).toBeUndefined();
  });
});
