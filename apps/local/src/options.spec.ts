import { describe, expect, it } from '@jest/globals';
import { parseEnvironment } from '#platform';

import { localEnvironmentSchema, parseOptions, UsageError } from './options.js';

const parse = (...args: string[]) => parseOptions(args, parseEnvironment(localEnvironmentSchema, {}));

describe('the options of npm start', () => {
  it('have the ports and services of the contract as defaults', () => {
    expect(parse()).toMatchObject({
      periodSeconds: undefined,
      fresh: false,
      stateDir: '.local',
      ports: { worker: 9876, distributor: 8010, gateway: 8935, orchestrator: 9995 },
      services: expect.arrayContaining(['redis_scb', 'vtuber-ollama']),
    });
  });

  it('take a period that divides the hour', () => {
    expect(parse('--period', '10')).toMatchObject({ periodSeconds: 10 });
  });

  it.each(['7', '0', '3', '7200', 'ten', '-10'])('refuse a period of %s, naming the option', (period) => {
    expect(() => parse(`--period=${period}`)).toThrow(UsageError);
    expect(() => parse(`--period=${period}`)).toThrow(/--period/);
  });

  it('refuse an option that does not exist', () => {
    expect(() => parse('--fesh')).toThrow(UsageError);
  });
});
