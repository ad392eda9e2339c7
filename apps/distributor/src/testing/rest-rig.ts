import { expect } from '@jest/globals';
import { z } from 'zod';
import { type Answer, type RunningDistributor, startDistributor, until } from './running-distributor.js';
import { type SigningWorker, startSigningWorker } from './signing-worker.js';

export const services = ['autogen_agent', 'redis_scb'];
export const payoutAddress = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
export const otherAddress = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC';
/** The id of nothing. */
export const nobody = '019aab0c-7a52-7c0e-9a54-0f6f6f4f6b11';

export const record = z.record(z.string(), z.unknown());
export const page = z.object({ items: z.array(record), next_cursor: z.string().nullable() });
export const problem = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
});

/** The fields that a problem document names, each once. */
export const fieldsOf = (answer: Answer) => [
  ...new Set(problem.parse(answer.body).errors?.map(({ field }) => field)),
];

export interface RestRig {
  worker: SigningWorker;
  distributor: RunningDistributor;
  token: string;
  get(path: string): Promise<Answer>;
  send(method: string, path: string, body?: unknown): Promise<Answer>;
  itemsOf(path: string): Promise<z.output<typeof record>[]>;
  /** An orchestrator of its own for a test. */
  create(fields?: Record<string, unknown>): Promise<Record<string, unknown> & { id: string }>;
  close(): Promise<void>;
}

/** A distributor that is signed in to, with periods of one second and one worker that answers. */
export async function startRestRig(
  database: { url: string; drop(): Promise<void> },
  environment: Record<string, string> = {},
): Promise<RestRig> {
  const worker = await startSigningWorker(services);
  const distributor = await startDistributor({
    DATABASE_URL: database.url,
    PAYMENT_INTERVAL_SECONDS: '1',
    REQUIRED_SERVICES: services.join(','),
    SETTLE_INTERVAL_SECONDS: '1',
    MIN_PAYOUT_USD: '0.3',
    PAYOUT_ADDRESS_DELAY_SECONDS: '0',
    ORCHESTRATOR_ADDRESSES: 'https://172.23.0.7:9995/',
    WORKER_URL: worker.url,
    PAYOUT_ADDRESSES: payoutAddress,
    ...environment,
  });
  await until(
    () => distributor.ask('/health/ready'),
    ({ status }) => status === 200,
  );
  const token = await distributor.signIn();

  const get = (path: string) => distributor.ask(`/api/v1/${path}`, { token });
  const send = (method: string, path: string, body?: unknown) =>
    distributor.ask(`/api/v1/${path}`, { method, token, body });
  return {
    worker,
    distributor,
    token,
    get,
    send,
    itemsOf: async (path) => page.parse((await get(path)).body).items,
    async create(fields = {}) {
      const suffix = Math.random().toString(16).slice(2, 10);
      const answer = await send('POST', 'orchestrators', {
        // Digits alone would be read as an IPv4 address.
        service_uri: `https://o-${suffix}:9995`,
        worker_address: `0x${suffix.padEnd(40, '0')}`,
        ...fields,
      });
      expect(answer.status).toBe(201);
      return z.object({ id: z.string() }).loose().parse(answer.body);
    },
    async close() {
      await distributor.close();
      await worker.close();
      await database.drop();
    },
  };
}
