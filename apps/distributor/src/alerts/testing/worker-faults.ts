import type { AlertKind } from '#payments';
import { ReportSigner } from '#monitoring';
import type { Misbehaviour } from '../../testing/bad-worker.js';

const stranger = ReportSigner.fromPrivateKey('17'.repeat(32));

/** What a worker may do instead of its duty, by what is told then. */
export const workerFaults = {
  service_down: ({ honest, sign }, response) => {
    const [agent, redis] = honest.services;
    if (!agent || !redis) throw new Error('two services');
    response.end(sign({ services: [agent, { ...redis, upMs: 0n, downMs: redis.upMs }], allUpMs: 0n }));
  },
  worker_unreachable: (_asked, response) => response.destroy(),
  wrong_worker: ({ sign }, response) => response.end(sign({}, stranger)),
  worker_clock_skew: ({ sign, honest }, response) =>
    response.end(sign({ issuedAtMs: honest.issuedAtMs + 10_000n })),
  shared_stack: ({ sign, honest }, response) =>
    response.end(
      sign({
        engineId: 'engine of all',
        services: honest.services.map((each) => ({ ...each, containerIds: [`${each.name} of all`] })),
      }),
    ),
  orchestrator_unpaid: ({ sign }, response) =>
    response.end(sign().replace(/"signature":"0x../, '"signature":"0x00')),
  equivocation: ({ sign, honest }, response) => {
    // Good enough to be paid, and another time with each question.
    const downMs = BigInt(1 + Math.floor(Math.random() * 20));
    const services = honest.services.map((each) => ({ ...each, upMs: each.upMs - downMs, downMs }));
    response.end(sign({ services, allUpMs: honest.allUpMs - downMs }));
  },
} satisfies Partial<Record<AlertKind, Misbehaviour>>;

export type WorkerFault = keyof typeof workerFaults;

const isFault = (name: string): name is WorkerFault => Object.hasOwn(workerFaults, name);
export const everyFault = Object.keys(workerFaults).filter(isFault);
