import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SimulatedEngine } from '#monitoring/testing';
import {
  AnswerSchemas,
  documentationFaults,
  type OpenApiDocument,
  type Operation,
  readOpenApi,
} from '#platform/testing';
import { z } from 'zod';

import { stateEventSchema } from './events/state-event.schema.js';
import { type RunningWorker, send, startWatchedWorker, until } from './testing/running-worker.js';

const hour = 3_600_000;
const iso = (epochMs: number) => new Date(epochMs).toISOString();
const challenge = `0x${'5a'.repeat(32)}`;
const ahead = { from: iso(Date.now() + hour), to: iso(Date.now() + 2 * hour) };
const backwards = { from: ahead.to, to: ahead.from };

interface Case {
  what: string;
  query?: Record<string, string>;
  body?: unknown;
  status: number;
  /** What a problem must name. */
  field?: string;
}

/** Before anybody watched: settled, and unknown as a whole. */
const past = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T00:01:00.000Z' };

const windows = (place: 'query' | 'body'): Case[] => [
  { what: 'no window', status: 200 },
  { what: 'a duration', [place]: { window: '5m' }, status: 200 },
  { what: 'from and to', [place]: past, status: 200 },
  { what: 'no duration', [place]: { window: 'soon' }, status: 400, field: 'window' },
  { what: 'a duration without end', [place]: { window: '32d' }, status: 400, field: 'window' },
  { what: 'both', [place]: { window: '5m', ...past }, status: 400, field: 'window' },
  { what: 'half of a window', [place]: { from: past.from }, status: 400, field: 'to' },
  { what: 'no time', [place]: { ...past, from: 'yesterday' }, status: 400, field: 'from' },
  { what: 'a window backwards', [place]: backwards, status: 400, field: 'to' },
  { what: 'what is not settled', [place]: ahead, status: 409, field: 'to' },
];

/** Every route, and how it is asked. */
const cases: Readonly<Record<string, Case[]>> = {
  'GET /service-uptime': windows('query'),
  'POST /service-uptime': [...windows('body'), ...windows('query')],
  'GET /service-status': [{ what: 'now', status: 200 }],
  'POST /service-status': [
    { what: 'now', status: 200 },
    { what: 'with a body', body: { anything: 1 }, status: 200 },
  ],
  'GET /reports': [
    { what: 'a window', query: past, status: 200 },
    { what: 'with a challenge', query: { ...past, challenge }, status: 200 },
    { what: 'no challenge', query: { ...past, challenge: '0x12' }, status: 400, field: 'challenge' },
    { what: 'no window', status: 400, field: 'from' },
    { what: 'no end', query: { from: past.from }, status: 400, field: 'to' },
    { what: 'a window backwards', query: backwards, status: 400, field: 'to' },
    { what: 'what is not settled', query: ahead, status: 409, field: 'to' },
  ],
  'GET /reports/minutes': [
    { what: 'a window', query: past, status: 200 },
    { what: 'no window', status: 400, field: 'from' },
    {
      what: 'half a minute',
      query: { ...past, to: '2026-01-01T00:00:30.000Z' },
      status: 400,
      field: 'to',
    },
  ],
  'POST /agent-net': [
    { what: 'a job', body: { agent_id: 'a', action: 'uptime', job_id: 'j', challenge }, status: 200 },
    { what: 'a job about a window', body: past, status: 200 },
    { what: 'fields that nobody reads', body: { prompt: 'hello' }, status: 200 },
    { what: 'a list', body: [1], status: 400 },
    { what: 'a number as a name', body: { agent_id: 7 }, status: 400, field: 'agent_id' },
    { what: 'a long name', body: { job_id: 'x'.repeat(257) }, status: 400, field: 'job_id' },
    { what: 'no challenge', body: { challenge: 'x' }, status: 400, field: 'challenge' },
    { what: 'a window backwards', body: backwards, status: 400, field: 'to' },
    { what: 'what is not settled', body: ahead, status: 409, field: 'to' },
    { what: 'too much', body: { prompt: 'x'.repeat(300 * 1024) }, status: 413 },
  ],
  'GET /metrics': [{ what: 'now', status: 200 }],
  'GET /health': [{ what: 'now', status: 200 }],
  'GET /health/live': [{ what: 'now', status: 200 }],
  'GET /health/ready': [{ what: 'now', status: 200 }],
};

/** Its answer never ends: it is read in a test of its own. */
const stream = 'GET /events';

describe('every route of the OpenAPI document of the worker', () => {
  let worker: RunningWorker;
  let engine: SimulatedEngine;
  let document: OpenApiDocument;
  let operations: readonly Operation[];
  let schemas: AnswerSchemas;

  beforeAll(async () => {
    ({ worker, engine } = await startWatchedWorker({ CAPABILITY_CAPACITY: '1' }));
    ({ document, operations } = readOpenApi((await send(`${worker.url}/docs-json`)).json));
    schemas = new AnswerSchemas(document);
  });

  afterAll(() => worker.stop());

  async function ask({ method, path }: Operation, { query = {}, body }: Case) {
    const search = new URLSearchParams(query).toString();
    const answer = await fetch(`${worker.url}${path}${search && `?${search}`}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const text = await answer.text();
    const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
    const isJson = type.endsWith('json');
    const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : text;
    return { status: answer.status, headers: answer.headers, body: parsed };
  }

  const fieldsOf = (body: unknown): string[] =>
    z
      .object({ errors: z.array(z.object({ field: z.string() })) })
      .safeParse(body)
      .data?.errors.map(({ field }) => field) ?? [];

  it('is known here', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual([...Object.keys(cases), stream].sort());
  });

  it('is explained, has types to the last field, and allows no other fields', () => {
    expect(documentationFaults(document, operations)).toEqual([
      // A job is any JSON object, and so is what a gateway passes on as one.
      'Job: may hold fields that nobody named',
      'POST /service-uptime body: may hold fields that nobody named',
    ]);
  });

  it.each(Object.entries(cases))('answers as it says: %s', async (name, all) => {
    const operation = operations.find((one) => one.name === name);
    if (!operation) throw new Error('no such route');
    const faults: string[] = [];
    for (const one of all) {
      const answer = await ask(operation, one);
      const where = `${one.what}: `;
      if (answer.status !== one.status)
        faults.push(`${where}${answer.status} ${JSON.stringify(answer.body)}`);
      faults.push(...schemas.faultsOf(operation, answer, where));
      if (one.field !== undefined && !fieldsOf(answer.body).includes(one.field))
        faults.push(`${where}does not name ${one.field}`);
    }
    expect(faults).toEqual([]);
  });

  it('names what it may answer besides', () => {
    const windowed = ['200', '400', '409', '410'];
    const health = ['200', '503'];
    const besides = {
      ...{ 'GET /service-uptime': windowed, 'POST /service-uptime': windowed, 'GET /reports': windowed },
      'POST /agent-net': [...windowed, '401', '413', '429'],
      [stream]: ['200', '503'],
      ...{ 'GET /health': health, 'GET /health/live': health, 'GET /health/ready': health },
      'GET /metrics': ['200'],
    };
    for (const [name, statuses] of Object.entries(besides)) {
      const { responses } = operations.find((one) => one.name === name) ?? { responses: {} };
      expect({ name, statuses: Object.keys(responses) }).toEqual({ name, statuses: statuses.sort() });
    }
  });

  it('streams events that are as they say', async () => {
    const stop = new AbortController();
    const answer = await fetch(`${worker.url}/events`, { signal: stop.signal });
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    let text = '';
    if (answer.body)
      for await (const chunk of answer.body) {
        text += Buffer.from(z.instanceof(Uint8Array).parse(chunk)).toString();
        if (/^data: .*\n/m.test(text)) break;
      }
    stop.abort();
    const [, data = ''] = /^data: (.*)$/m.exec(text) ?? [];
    expect(stateEventSchema.parse(JSON.parse(data))).toMatchObject({ service: expect.any(String) });
  });

  it('answers as it says while the Engine is away: alive, and not ready', async () => {
    await engine.goAway();
    for (const [name, status] of [
      ['GET /health', 503],
      ['GET /health/ready', 503],
      ['GET /health/live', 200],
    ] as const) {
      const operation = operations.find((one) => one.name === name);
      if (!operation) throw new Error('no such route');
      const answer = await until(
        () => ask(operation, { what: 'away', status }),
        (last) => last.status === status,
      );
      expect(schemas.faultsOf(operation, answer)).toEqual([]);
    }
  });
});
