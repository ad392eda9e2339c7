import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#platform/testing';
import { get, type IncomingMessage } from 'node:http';
import { type RestRig, startRestRig } from '../testing/rest-rig.js';
import { until } from '../testing/running-distributor.js';
import { LiveEvents } from './live-events.js';

let rig: RestRig;
beforeAll(async () => {
  rig = await startRestRig(await createTestDatabase());
});
afterAll(() => rig.close());

/** On a connection of its own, which is gone when the reader leaves. */
const open = () =>
  new Promise<IncomingMessage>((answered, failed) => {
    const headers = { authorization: `Bearer ${rig.token}` };
    get(`${rig.distributor.url}/api/v1/events`, { headers, agent: false }, answered).on('error', failed);
  });

/** Reads the stream until what came satisfies, then leaves. */
async function readUntil(satisfies: (text: string) => boolean, meanwhile: () => Promise<unknown>) {
  const answer = await open();
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toContain('text/event-stream');
  await meanwhile();
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    text += String(chunk);
    if (satisfies(text)) break;
  }
  answer.destroy();
  return text;
}

describe('the events', () => {
  it('need a token', async () => {
    expect((await rig.distributor.ask('/api/v1/events')).status).toBe(401);
  });

  it('tell of each new assessment, and of a service that went down', async () => {
    await until(
      () => rig.itemsOf('assessments?decision=paid'),
      (items) => items.length > 0,
    );
    const text = await readUntil(
      (soFar) => soFar.includes('"state":"down"'),
      async () => rig.worker.down.add('redis_scb'),
    );
    expect(text).toMatch(/event: assessments\ndata: \{"items":\[\{"id":"/);
    expect(text).toMatch(/event: services\ndata: .*"name":"redis_scb","state":"down"/);
    rig.worker.down.clear();
  });

  it('tell what people change, whoever did it', async () => {
    const text = await readUntil(
      (soFar) => soFar.includes('event: changes'),
      () => rig.send('PUT', 'rates/default', { usd_per_minute: '11' }),
    );
    expect(text).toMatch(/event: changes\ndata: .*"actor":"admin"/);
  });

  it('cost nothing once nobody listens', async () => {
    const live = rig.distributor.app.get(LiveEvents, { strict: false });
    const left = await until(
      async () => live.listening,
      (count) => count === 0,
    );
    expect(left).toBe(0);
  });

  it('end when the server does', async () => {
    const answer = await open();
    const ended = new Promise((resolve) => answer.once('end', resolve));
    answer.resume();
    await rig.distributor.close();
    await ended;
  });
});
