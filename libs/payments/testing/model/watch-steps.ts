import type { EntityManager } from 'typeorm';

import type { Database } from '#platform/database';

import type { EvidenceSource } from '../../src/assessments/evidence-source.js';

type Step = () => Promise<void> | void;

const countingQueries = <T extends object>(target: T, step: Step): T =>
  new Proxy(target, {
    get(of, key) {
      const value: unknown = Reflect.get(of, key, of);
      if (typeof value !== 'function') return value;
      const call = (...given: unknown[]): unknown => Reflect.apply(value, of, given) as unknown;
      if (key !== 'query') return call;
      return async (...given: unknown[]): Promise<unknown> => {
        await step();
        return call(...given);
      };
    },
  });

/** The same database, before each of whose queries something is done. */
export const watchQueries = (database: Database, step: Step): Database =>
  new Proxy(database, {
    get(of, key) {
      if (key === 'dataSource') return countingQueries(of.dataSource, step);
      if (key !== 'transaction') return Reflect.get(of, key, of) as unknown;
      return <T>(work: (tx: EntityManager) => Promise<T>): Promise<T> =>
        of.transaction((tx) => work(countingQueries(tx, step)));
    },
  });

/** The same source, before each of whose questions something is done. */
export const watchQuestions = (source: EvidenceSource, step: Step): EvidenceSource => ({
  fetch: async (request) => {
    await step();
    return source.fetch(request);
  },
});
