import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Post, Query } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { z } from 'zod';

import { HealthModule } from '../health/health.module.js';
import { createLogger } from '../logging/logger.js';
import { MetricsController } from '../metrics/metrics.controller.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { createHttpApp } from './create-http-app.js';
import { listen, PortInUseError } from './listen.js';
import { Problem } from './problem.js';

const bodySchema = z.object({ items: z.array(z.object({ count: z.number().int() })) }).meta({ id: 'Items' });
const querySchema = z.object({ limit: z.coerce.number().int().max(10).default(5) });

class KnownError extends Error {}

@Controller('things')
class ThingsController {
  @Get()
  list(@Query({ schema: querySchema }) query: z.output<typeof querySchema>) {
    return query;
  }

  @Post()
  create(@Body({ schema: bodySchema }) body: z.output<typeof bodySchema>) {
    return body;
  }

  @Get('known')
  known() {
    throw new KnownError('it is so');
  }

  @Get('broken')
  broken() {
    throw new Error('the secret inside');
  }
}

let healthy = true;

@Module({
  imports: [
    MetricsModule,
    HealthModule.register({
      useFactory: () => [
        {
          name: 'part',
          check: () => {
            if (!healthy) throw new Error('part is away');
            return { since: 'now' };
          },
        },
      ],
    }),
  ],
  controllers: [ThingsController, MetricsController],
})
class ThingsModule {}

const silent = createLogger({
  format: 'json',
  destination: new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  }),
});

async function createApp() {
  return createHttpApp(ThingsModule, {
    title: 'Things',
    description: 'For the test',
    version: '1',
    logger: silent,
    bodyLimitBytes: 1_000,
    toProblem: (error) =>
      error instanceof KnownError ? new Problem({ status: 422, detail: error.message }) : undefined,
  });
}

let app: NestFastifyApplication;
let url: string;
let port: number;

beforeAll(async () => {
  app = await createApp();
  port = await listen(app, { port: 0, variable: 'PORT', host: '127.0.0.1' });
  url = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await app.close();
});

async function problemOf(path: string, init?: RequestInit) {
  const response = await fetch(`${url}${path}`, init);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const document: unknown = await response.json();
  expect(document).toMatchObject({ type: 'about:blank', status: response.status });
  return document;
}

const post = (body: string, type = 'application/json') => ({
  method: 'POST',
  headers: { 'content-type': type },
  body,
});

describe('an HTTP app', () => {
  it('parses input by its schema', async () => {
    expect(await (await fetch(`${url}/things?limit=7`)).json()).toEqual({ limit: 7 });
  });

  it('names the field at fault in a problem document', async () => {
    expect(await problemOf('/things', post('{"items":[{"count":1},{"count":"2"}]}'))).toMatchObject({
      status: 400,
      errors: [{ field: 'items[1].count' }],
    });
    expect(await problemOf('/things?limit=11')).toMatchObject({ status: 400, errors: [{ field: 'limit' }] });
  });

  it('answers broken JSON, a wrong type, a large body, and an unknown route with problems', async () => {
    expect(await problemOf('/things', post('{'))).toMatchObject({ status: 400 });
    expect(await problemOf('/things', post('a', 'text/csv'))).toMatchObject({ status: 415 });
    expect(await problemOf('/things', post(`"${'x'.repeat(2_000)}"`))).toMatchObject({ status: 413 });
    expect(await problemOf('/nowhere')).toMatchObject({ status: 404 });
  });

  it('answers a malformed URL with a problem', async () => {
    const answer = await new Promise<string>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('GET /%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
      });
      let text = '';
      socket
        .on('data', (chunk) => (text += chunk.toString()))
        .on('close', () => {
          done(text);
        });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/application\/problem\+json/);
  });

  it('maps errors of the domain and hides those of the inside', async () => {
    expect(await problemOf('/things/known')).toMatchObject({ status: 422, detail: 'it is so' });
    expect(JSON.stringify(await problemOf('/things/broken'))).not.toMatch(/secret/);
  });

  it('ignores doubled and trailing slashes', async () => {
    expect((await fetch(`${url}//things/`)).status).toBe(200);
  });

  it('is ready only while its components are, and alive all the while', async () => {
    expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({
      details: { part: { status: 'up', since: 'now' } },
    });
    healthy = false;
    const ready = await fetch(`${url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      status: 503,
      details: { part: { status: 'down', message: 'part is away' } },
    });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    healthy = true;
  });

  it('serves metrics, Swagger, and an OpenAPI document made from the schemas', async () => {
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^process_cpu_seconds_total/m);
    expect((await fetch(`${url}/docs`)).status).toBe(200);
    expect(JSON.stringify(await (await fetch(`${url}/docs-json`)).json())).toMatch(/"Items"/);
  });

  it('names the port that is in use and the variable that changes it', async () => {
    const second = await createApp();
    const listening = listen(second, { port, variable: 'WORKER_PORT', host: '127.0.0.1' });
    await expect(listening).rejects.toThrow(PortInUseError);
    await expect(listening).rejects.toThrow(new RegExp(`${port}.*WORKER_PORT`));
    await second.close();
  });
});
