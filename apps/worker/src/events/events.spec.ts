import type { SimulatedEngine } from '#monitoring/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { get, type IncomingMessage } from 'node:http';

import { problemOf, type RunningWorker, send, startWatchedWorker, until } from '../testing/running-worker.js';
import { serviceStatusesSchema } from '../uptime/uptime.responses.js';
import { type StateEvent, stateEventSchema } from './state-event.schema.js';
import { mostWatchers, StateEvents } from './state-events.js';

let engine: SimulatedEngine;
let worker: RunningWorker;
let isStopped: boolean;

beforeEach(async () => {
  ({ engine, worker } = await startWatchedWorker({ MONITORED_SERVICES: 'redis_scb,autogen_agent,s1_*' }));
  isStopped = false;
});

afterEach(async () => {
  if (!isStopped) await worker.stop();
});

const connect = () =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get(`${worker.url}/events`, { agent: false }, resolve).on('error', reject);
  });

/** The events of a stream, as they come. */
async function* eventsOf(stream: IncomingMessage): AsyncGenerator<StateEvent, void> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = /^event: state\ndata: (.*)$/.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data !== undefined) yield stateEventSchema.parse(JSON.parse(data));
    }
  }
}

async function next(events: AsyncGenerator<StateEvent, void>): Promise<StateEvent> {
  const result = await events.next();
  if (result.done) throw new Error('the stream has ended');
  return result.value;
}

describe('GET /events', () => {
  it('tells the present state of every service, and then each change when it happens', async () => {
    const stream = await connect();
    const events = eventsOf(stream);
    expect(stream.headers['content-type']).toMatch('text/event-stream');
    expect(await next(events)).toMatchObject({ service: 'redis_scb', state: 'up', reason: null });
    expect(await next(events)).toMatchObject({ service: 'autogen_agent', state: 'up' });

    engine.killService('redis_scb');
    const down = await next(events);
    expect(down).toMatchObject({ service: 'redis_scb', state: 'down', reason: 'exited' });
    const statuses = serviceStatusesSchema.parse((await send(`${worker.url}/service-status`)).json);
    expect(statuses.services.redis_scb).toMatchObject({ state: 'down', since: down.since });

    engine.createService({ name: 's1_new' });
    expect(await next(events)).toMatchObject({ service: 's1_new', state: 'up' });
    stream.destroy();
  });

  it('serves so many at once and no more, and one more when one has left', async () => {
    const streams = await Promise.all(Array.from({ length: mostWatchers }, connect));
    expect(problemOf(await send(`${worker.url}/events`))).toMatchObject({ status: 503 });
    streams[0]?.destroy();
    await until(
      async () => worker.app.get(StateEvents).count,
      (count) => count < mostWatchers,
    );
    const another = await connect();
    expect(another.statusCode).toBe(200);
    for (const stream of [...streams, another]) stream.destroy();
  });

  it('lets go who does not read', async () => {
    const reader = await connect();
    const events = eventsOf(reader);
    await next(events);
    const sleeper = await connect();
    sleeper.pause();
    const closed = new Promise((resolve) => sleeper.once('error', resolve));
    const watching = worker.app.get(StateEvents);
    expect(watching.count).toBe(2);
    const transition = { service: 'x'.repeat(1_000), from: 'up', to: 'down', reason: null, atMs: 0 } as const;
    while (watching.count > 1) {
      watching.tell(transition);
      await next(events).then(async (event) => {
        // The reader keeps up: everything that is sent it has read.
        while (event.service !== transition.service) event = await next(events);
      });
    }
    sleeper.resume();
    await closed;
    expect(watching.count).toBe(1);
    reader.destroy();
  });

  it('ends with the worker', async () => {
    const stream = await connect();
    const ended = (async () => {
      for await (const _ of eventsOf(stream));
    })();
    isStopped = true;
    await worker.stop();
    await ended;
  });
});

describe('a glob', () => {
  it('that stands for nothing says so, and no longer when it stands for something', async () => {
    const statuses = async () =>
      serviceStatusesSchema.parse((await send(`${worker.url}/service-status`)).json);
    expect(await statuses()).toMatchObject({ empty_patterns: ['s1_*'], monitored_count: 2 });
    engine.createService({ name: 's1_new' });
    await until(statuses, ({ empty_patterns }) => empty_patterns.length === 0);
    expect((await statuses()).services).toHaveProperty('s1_new');
  });
});
