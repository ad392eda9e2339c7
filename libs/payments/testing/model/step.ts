import fc from 'fast-check';

import type { ModelPolicy } from './model-orchestrator.js';
import type { Start } from './model-books.js';
import type { Mood } from './scripted-worker.js';
import { edgesBp } from './worker-truth.js';

/** One thing that somebody does, or that happens. Numbers named `who` and `which` choose among what exists. */
export type Step =
  | { do: 'create'; rateMicroUsd?: bigint; thresholdBp?: number; required?: string[]; reports: string[] }
  | { do: 'create from the environment'; reports: string[] }
  | { do: 'set status'; who: number; status: 'active' | 'paused' }
  | { do: 'archive'; who: number }
  | { do: 'rotate the key'; who: number }
  | { do: 'accept the worker'; who: number }
  | { do: 'mood'; who: number; mood: Mood }
  | { do: 'set rate'; who: number | null; rateMicroUsd: bigint | null; start: Start }
  | { do: 'set policy'; who: number | null; change: Partial<ModelPolicy>; start: Start }
  | { do: 'wait'; periods: number; ms: number }
  | { do: 'assess'; replicas: number }
  | { do: 'pay'; replicas: number }
  | { do: 'settle' }
  | { do: 'pause payouts' }
  | { do: 'resume payouts' }
  | { do: 'release' | 'cancel' | 'mark paid'; which: number }
  | { do: 'adjust'; who: number; amountMicroUsd: bigint; key: string | null }
  | { do: 'seal' }
  | { do: 'replay' };

export type StepOf<D extends Step['do']> = Extract<Step, { do: D }>;

const services = ['autogen_agent', 'redis_scb', 'autogen_neo4j', 'scb_gateway'];
const someServices = fc.subarray(services, { minLength: 1 });
const who = fc.nat(3);
const anyone = fc.option(who, { freq: 2 });
const rate: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 100_000_000n }) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 1n, 59n, 10_000_000n, 99_999_999n, 100_000_001n, -1n) },
);
const rateOrNone: fc.Arbitrary<bigint | null> = fc.option(rate);
const keyOrNone: fc.Arbitrary<string | null> = fc.option(fc.constantFrom('first', 'second'));
const amount: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 9, arbitrary: fc.bigInt({ min: -100_000_000n, max: 100_000_000n }) },
  { weight: 2, arbitrary: fc.constantFrom(5n, 0n, 10n ** 12n, -(10n ** 12n), 10n ** 12n + 1n) },
);
const start: fc.Arbitrary<Start> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.record({ laterPeriods: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ laterPeriods: fc.integer({ min: -3, max: -1 }) }) },
  { weight: 1, arbitrary: fc.record({ oddMs: fc.constantFrom(1, 500, -1) }) },
);
const threshold = fc.constantFrom(...edgesBp);
const policyChange: fc.Arbitrary<Partial<ModelPolicy>> = fc.record(
  {
    thresholdBp: fc.option(
      fc.oneof({ weight: 9, arbitrary: threshold }, { weight: 1, arbitrary: fc.constant(10_000) }),
    ),
    aggregation: fc.option(fc.constantFrom('mean' as const, 'min' as const, 'all' as const)),
    required: fc.option(
      fc.oneof({ weight: 9, arbitrary: someServices }, { weight: 1, arbitrary: fc.constant([]) }),
    ),
  },
  { requiredKeys: [] },
);
/** Most workers report all that anybody may ask for. */
const reports = fc.oneof(
  { weight: 4, arbitrary: fc.constant(services) },
  { weight: 1, arbitrary: someServices },
);

const create: fc.Arbitrary<Step> = fc.record(
  {
    do: fc.constant('create' as const),
    rateMicroUsd: fc.bigInt({ min: 0n, max: 100_000_000n }),
    thresholdBp: threshold,
    required: someServices,
    reports,
  },
  { requiredKeys: ['do', 'reports'] },
);

/** Around half a grace, and a little more than a whole one. */
const aboutTheGrace = fc.constantFrom(160_000, 330_000, 650_000);

const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });

const step: fc.Arbitrary<Step> = fc.oneof(
  weighted(3, create),
  weighted(2, fc.record({ do: fc.constant('create from the environment' as const), reports })),
  weighted(
    3,
    fc.record({ do: fc.constant('set status' as const), who, status: fc.constantFrom('active', 'paused') }),
  ),
  weighted(1, fc.record({ do: fc.constant('archive' as const), who })),
  weighted(2, fc.record({ do: fc.constant('rotate the key' as const), who })),
  weighted(2, fc.record({ do: fc.constant('accept the worker' as const), who })),
  weighted(
    4,
    fc.record({
      do: fc.constant('mood' as const),
      who,
      mood: fc.constantFrom<Mood>('answers', 'silent', 'silent', 'not yet'),
    }),
  ),
  weighted(
    4,
    fc.record({ do: fc.constant('set rate' as const), who: anyone, rateMicroUsd: rateOrNone, start }),
  ),
  weighted(
    4,
    fc.record({ do: fc.constant('set policy' as const), who: anyone, change: policyChange, start }),
  ),
  weighted(
    10,
    fc.record({
      do: fc.constant('wait' as const),
      periods: fc.oneof(fc.nat(4), fc.nat(70)),
      ms: fc.oneof(fc.nat(999), fc.integer({ min: 1, max: 200_000 }), aboutTheGrace),
    }),
  ),
  weighted(16, fc.record({ do: fc.constant('assess' as const), replicas: fc.constantFrom(1, 1, 2, 4) })),
  weighted(7, fc.record({ do: fc.constant('pay' as const), replicas: fc.constantFrom(1, 1, 2, 4) })),
  weighted(1, fc.constant<Step>({ do: 'settle' })),
  weighted(1, fc.constant<Step>({ do: 'pause payouts' })),
  weighted(2, fc.constant<Step>({ do: 'resume payouts' })),
  weighted(
    5,
    fc.record({
      do: fc.constantFrom('release' as const, 'cancel' as const, 'mark paid' as const),
      which: fc.nat(5),
    }),
  ),
  weighted(
    4,
    fc.record({
      do: fc.constant('adjust' as const),
      who,
      amountMicroUsd: amount,
      key: keyOrNone,
    }),
  ),
  weighted(2, fc.constant<Step>({ do: 'seal' })),
  weighted(2, fc.constant<Step>({ do: 'replay' })),
);

/** A history of some books: someone to pay first, then anything in any order. */
export const history: fc.Arbitrary<Step[]> = fc
  .tuple(create, fc.array(step, { minLength: 5, maxLength: 45, size: 'max' }))
  .map(([first, rest]) => [first, ...rest]);
