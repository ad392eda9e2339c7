import { afterEach, describe, expect, it } from '@jest/globals';
import { AnswerSchemas, createTestDatabase, type Operation, readOpenApi } from '#platform/testing';
import { Door } from '../../testing/door.js';
import { problem } from '../../testing/rest-rig.js';
import { type RunningDistributor, startDistributor, until } from '../../testing/running-distributor.js';

const health = ['GET /health', 'GET /health/live', 'GET /health/ready'];

/** Outside of /api/v1 nobody signs in, and yet the document is believed. */
describe('what the OpenAPI document says of health and metrics', () => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  /** On a database behind a door, shut at first. */
  async function start(environment: Record<string, string> = {}) {
    const database = await createTestDatabase();
    cleanups.push(() => database.drop());
    const url = new URL(database.url);
    const door = await Door.to({ host: url.hostname, port: Number(url.port) });
    cleanups.push(() => door.remove());
    url.hostname = '127.0.0.1';
    url.port = String(door.port);
    const distributor = await startDistributor({ DATABASE_URL: url.href, ...environment });
    cleanups.push(() => distributor.close());
    const { document, operations } = readOpenApi((await distributor.ask('/docs-json')).body);
    const operationOf = (name: string): Operation => {
      const found = operations.find((one) => one.name === name);
      if (!found) throw new Error(`${name} is not documented`);
      return found;
    };
    return { distributor, door, operationOf, schemas: new AnswerSchemas(document) };
  }

  const answerOf = (distributor: RunningDistributor, { path }: Operation, status: number) =>
    until(
      () => distributor.ask(path),
      (answer) => answer.status === status,
    );

  it('is what they answer without the database and with it', async () => {
    const { distributor, door, operationOf, schemas } = await start();
    const faults: string[] = [];
    for (const statuses of [
      [503, 200, 503],
      [200, 200, 200],
    ]) {
      for (const [index, name] of health.entries()) {
        const operation = operationOf(name);
        const answer = await answerOf(distributor, operation, statuses[index] ?? 200);
        faults.push(...schemas.faultsOf(operation, answer));
      }
      const metrics = await distributor.ask('/metrics');
      expect(metrics.status).toBe(200);
      faults.push(...schemas.faultsOf(operationOf('GET /metrics'), metrics));
      await door.open();
    }
    expect(faults).toEqual([]);
    for (const name of health)
      expect(Object.keys(operationOf(name).responses).sort()).toEqual(['200', '503']);
  });

  it('is what the metrics answer with METRICS_TOKEN, to its bearer and to others', async () => {
    const { distributor, operationOf, schemas } = await start({ METRICS_TOKEN: 'prometheus-token' });
    const operation = operationOf('GET /metrics');
    expect(Object.keys(operation.responses).sort()).toEqual(['200', '401']);
    for (const [token, status] of [
      ['prometheus-token', 200],
      ['another', 401],
      [undefined, 401],
    ] as const) {
      const answer = await distributor.ask('/metrics', token === undefined ? {} : { token });
      expect({ token, status: answer.status, faults: schemas.faultsOf(operation, answer) }).toEqual({
        ...{ token, status, faults: [] },
      });
      expect(problem.safeParse(answer.body).success).toBe(status === 401);
    }
  });
});
