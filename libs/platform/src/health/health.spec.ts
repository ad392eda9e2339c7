import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type BeforeApplicationShutdown, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Writable } from 'node:stream';

import { AnswerSchemas, type Operation, readOpenApi } from '../../testing/index.js';
import { createHttpApp } from '../http/create-http-app.js';
import { listen } from '../http/listen.js';
import { createLogger } from '../logging/logger.js';
import { HealthModule } from './health.module.js';

const paths = ['/health', '/health/live', '/health/ready'];
const away = new Set<string>();
let whileEnding: () => Promise<void>;

const check = (name: string) => ({
  name,
  check: () => {
    if (away.has(name)) throw new Error(`${name} is away`);
    return { since: 'now' };
  },
});

/** So deep that Terminus, on its way from the root, has heard of the end before. */
@Module({})
class DeepModule implements BeforeApplicationShutdown {
  beforeApplicationShutdown() {
    return whileEnding();
  }
}
@Module({ imports: [DeepModule] })
class MiddleModule {}

@Module({
  imports: [
    HealthModule.register({
      imports: [MiddleModule],
      useFactory: () => [check('one'), check('other')],
    }),
  ],
})
class TestModule {}

const silent = createLogger({
  format: 'json',
  destination: new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  }),
});

let app: NestFastifyApplication;
let url: string;
let operations: readonly Operation[];
let schemas: AnswerSchemas;

beforeEach(async () => {
  away.clear();
  whileEnding = () => Promise.resolve();
  app = await createHttpApp(TestModule, { title: 'T', description: 'T', version: '1', logger: silent });
  url = `http://127.0.0.1:${await listen(app, { port: 0, variable: 'PORT', host: '127.0.0.1' })}`;
  const read = readOpenApi(await (await fetch(`${url}/docs-json`)).json());
  ({ operations } = read);
  schemas = new AnswerSchemas(read.document);
});
afterEach(() => app.close());

const operationAt = (path: string): Operation => {
  const found = operations.find((one) => one.path === path);
  if (!found) throw new Error(`${path} is not documented`);
  return found;
};

async function ask(path: string): Promise<{ status: number; headers: Headers; body: unknown }> {
  const response = await fetch(url + path);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Their statuses; in the place of one, what is not as the document says. */
async function statuses(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const path of paths) {
    const answer = await ask(path);
    const faults = schemas.faultsOf(operationAt(path), answer);
    found[path] = faults.length === 0 ? answer.status : faults;
  }
  return found;
}

describe('health, as the OpenAPI document describes it', () => {
  it('is well while every component answers', async () => {
    expect(await statuses()).toEqual({ '/health': 200, '/health/live': 200, '/health/ready': 200 });
  });

  it('names what is down and what is up, and lives', async () => {
    away.add('other');
    expect(await statuses()).toEqual({ '/health': 503, '/health/live': 200, '/health/ready': 503 });
    expect((await ask('/health/ready')).body).toMatchObject({
      detail: 'other: other is away',
      info: { one: { status: 'up', since: 'now' } },
      error: { other: { status: 'down' } },
    });
  });

  it('neither lives nor is ready while the process ends, with nothing down', async () => {
    const seen: unknown[] = [];
    whileEnding = async () => {
      seen.push(await statuses(), (await ask('/health/ready')).body);
    };
    await app.close();
    whileEnding = () => Promise.resolve();
    expect(seen).toMatchObject([
      { '/health': 503, '/health/live': 503, '/health/ready': 503 },
      { detail: 'the process is ending', error: {} },
    ]);
  });

  it('is described so closely that another answer is not as described', async () => {
    const good = await ask('/health/ready');
    away.add('one');
    const bad = await ask('/health/ready');
    for (const [answer, change] of [
      [good, { status: 'error' }],
      [good, { info: { one: { status: 'down', message: 'x' } } }],
      [good, { error: { one: { status: 'down', message: 'x' } } }],
      [good, { more: 1 }],
      [bad, { status: 200 }],
      [bad, { error: { one: { status: 'down' } } }],
      [bad, { info: undefined }],
    ] as const) {
      const body: unknown = JSON.parse(JSON.stringify(Object.assign({}, answer.body, change)));
      const changed = { ...answer, body };
      expect({ change, faults: schemas.faultsOf(operationAt('/health/ready'), changed) }).not.toEqual({
        ...{ change, faults: [] },
      });
    }
  });
});
