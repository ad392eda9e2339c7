import { afterEach, describe, expect, it } from '@jest/globals';

import { DoubleRig, goodJob, register, submit, toHeader } from './double-rig.js';
import type { Loop } from './double-rig.js';
import { startGatewayDouble } from './gateway-double.js';
import type { GatewayDouble } from './gateway-double.js';
import { plainHttp } from './plain-http.js';
import type { Profile } from './profile.js';
import type { WorkerAnswer } from './worker-stub.js';
const rig = new DoubleRig();
afterEach(() => rig.stop());

/** The numbers are those of section 5 of the reference. */
describe.each<Profile>(['pr-3650', 'master'])('requests to the gateway double at %s', (profile) => {
  const absent = profile === 'master' ? 400 : 503;
  const loop = (answer?: WorkerAnswer, secondMs = 1_000): Promise<Loop> =>
    rig.loop({ profile, answer, secondMs });
  const unreachable = (): Promise<GatewayDouble> => rig.gateway({ orchestrators: ['127.0.0.1:1'], profile });

  it('1: redirects to the subtree and to clean paths, with no body', async () => {
    const gateway = await unreachable();
    for (const [path, location] of [
      ['/process/request', '/process/request/'],
      ['/process//request/agent-net', '/process/request/agent-net'],
      ['/process/request/a/../agent-net', '/process/request/agent-net'],
    ] as const) {
      // Node's URL would clean the path by itself.
      const answer = await plainHttp(gateway.url, { method: 'POST', body: '{}', path });
      expect(answer).toMatchObject({ status: 301, text: '', headers: { location } });
    }
  });

  it('2: takes POST only', async () => {
    const gateway = await unreachable();
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await submit(gateway, goodJob, { method });
      expect(answer).toMatchObject({ status: 405, text: 'Method not allowed\n' });
    }
  });

  it.each([
    ['nothing', '', 'unexpected end of JSON input'],
    ['no base64', '%%%', 'ErrorSegEncoding'],
    ['unpadded base64', toHeader('{"a":12}').replace(/=+$/, ''), 'ErrorSegEncoding'],
    [
      'the URL-safe alphabet',
      toHeader('{"a":"ÿÿÿ>>>"}').replaceAll('+', '-').replaceAll('/', '_'),
      'ErrorSegEncoding',
    ],
    ['no JSON', toHeader('hello'), "invalid character 'h' looking for beginning of value"],
    ['half of it', toHeader('{"id":"a"'), 'unexpected end of JSON input'],
    ['a list', toHeader('[]'), 'json: cannot unmarshal array into Go value of type server.JobRequest'],
  ])('3: refuses a header with %s', async (_what, header, reason) => {
    const answer = await submit(await unreachable(), '', { headers: { Livepeer: header } });
    expect(answer.status).toBe(400);
    expect(answer.text).toBe(`Unable to parse job request, err=${reason}\n`);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
  });

  it('3: refuses a missing header', async () => {
    const gateway = await unreachable();
    const answer = await plainHttp(`${gateway.url}/process/request/agent-net`, {
      method: 'POST',
      body: '{}',
    });
    expect(answer).toMatchObject({
      status: 400,
      text: 'Unable to parse job request, err=unexpected end of JSON input\n',
    });
  });

  it.each([
    [
      '{"parameters":"{}","request":"{}"}',
      'no timeout_seconds set with request, timeout_seconds is required',
    ],
    ['{"timeout_seconds":0}', 'no timeout_seconds set with request, timeout_seconds is required'],
    [
      '{"timeout_seconds":1.5}',
      'json: cannot unmarshal number 1.5 into Go struct field JobRequest.timeout_seconds of type int',
    ],
    [
      '{"timeout_seconds":30.0}',
      'json: cannot unmarshal number 30.0 into Go struct field JobRequest.timeout_seconds of type int',
    ],
    [
      '{"timeout_seconds":"30"}',
      'json: cannot unmarshal string into Go struct field JobRequest.timeout_seconds of type int',
    ],
  ])('4: takes whole seconds only, not %s', async (job, reason) => {
    const answer = await submit(await unreachable(), job);
    expect(answer).toMatchObject({ status: 400, text: `Unable to parse job request, err=${reason}\n` });
  });

  it('4: takes a negative timeout, and then cancels the call at once', async () => {
    const { gateway, orchestrator } = await loop();
    const answer = await submit(gateway, { ...goodJob, timeout_seconds: -6 });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(orchestrator.capabilities()).toHaveLength(1);
  });

  it('5: asks for parameters as JSON inside a string', async () => {
    const gateway = await unreachable();
    const { parameters: _, ...without } = goodJob;
    const missing = 'Unable to unmarshal job parameters err=unexpected end of JSON input\n';
    expect(await submit(gateway, without)).toMatchObject({ status: 400, text: missing });
    expect(await submit(gateway, { ...goodJob, parameters: '' })).toMatchObject({
      status: 400,
      text: missing,
    });
    expect(await submit(gateway, { ...goodJob, parameters: {} })).toMatchObject({
      status: 400,
      text: 'Unable to parse job request, err=json: cannot unmarshal object into Go struct field JobRequest.parameters of type string\n',
    });
    expect(await submit(gateway, { ...goodJob, parameters: 'null' })).toMatchObject({ status: absent });
  });

  it('6: asks for request as JSON inside a string at master only', async () => {
    const gateway = await unreachable();
    const { request: _, ...without } = goodJob;
    for (const job of [without, { ...goodJob, request: 'run it' }]) {
      const answer = await submit(gateway, job);
      expect(answer.status).toBe(absent);
      expect(answer.text.startsWith('Unable to unmarshal job request err=')).toBe(profile === 'master');
    }
    const stream = await submit(gateway, { ...goodJob, request: '{"stream_id":7}' });
    expect(stream.text.startsWith('Unable to unmarshal')).toBe(profile === 'master');
  });

  it('7: matches include and exclude with its pool as exact strings', async () => {
    const { gateway, orchestrator, worker } = await loop();
    const choose = (orchestrators: unknown): Promise<{ status: number }> =>
      submit(gateway, { ...goodJob, parameters: JSON.stringify({ orchestrators }) });

    expect((await choose({ include: [orchestrator.url] })).status).toBe(200);
    expect((await choose({ include: [`${orchestrator.url}/`] })).status).toBe(absent);
    expect((await choose({ include: [orchestrator.url.toUpperCase()] })).status).toBe(absent);
    expect((await choose({ exclude: [orchestrator.url] })).status).toBe(absent);
    expect((await choose({ exclude: [`${orchestrator.url}/`] })).status).toBe(200);
    expect((await choose({ include: [orchestrator.url], exclude: [orchestrator.url] })).status).toBe(absent);
    expect((await choose({ include: [], exclude: [] })).status).toBe(200);
    expect(worker.received).toHaveLength(3);
  });

  it('7: spells its pool as -orchAddr is read', async () => {
    const gateway = await rig.gateway({
      orchestrators: [' orch-a ', 'orch-b:9995', 'https://orch-c', 'http://orch-d:1/'],
      profile,
    });
    expect(gateway.pool).toEqual([
      'https://orch-a:8935',
      'https://orch-b:9995',
      'https://orch-c',
      'http://orch-d:1/',
    ]);
  });

  it('8: waits half a second for a token, whatever the search headers say', async () => {
    const { orchestrator } = await loop();
    const gateway = rig.kept(await startGatewayDouble({ orchestrators: [orchestrator.url], profile }));
    orchestrator.faults.tokenDelayMs = 1_500;
    const headers = { 'Livepeer-Orch-Search-Timeout': '10s', 'Livepeer-Orch-Search-Resp-Timeout': '5s' };
    const answer = await submit(gateway, goodJob, { headers });
    expect(answer).toMatchObject({
      status: absent,
      text: 'No orchestrators found for capability agent-net\n',
    });
  });

  it('8: a token whose body never comes hangs pr-3650, and is left behind by master', async () => {
    const { gateway: _, orchestrator } = await loop();
    const gateway = await rig.gateway({
      orchestrators: [orchestrator.url],
      profile,
      limits: { searchMs: 50, tokenHeadersMs: 10_000 },
    });
    orchestrator.faults.stallsTokenBody = true;
    const leaving = new AbortController();
    const answer = submit(gateway, goodJob, { signal: leaving.signal });
    if (profile === 'master') {
      expect((await answer).status).toBe(400);
    } else {
      // Twenty times as long as its own limit.
      setTimeout(() => {
        leaving.abort();
      }, 1_000);
      await expect(answer).rejects.toThrow(/abort/);
    }
  });

  it('9: says that no orchestrator was found when the capability is unknown, full, or its owner is down', async () => {
    const sentence = 'No orchestrators found for capability agent-net\n';
    expect(await submit(await unreachable())).toMatchObject({ status: absent, text: sentence });

    const { gateway, orchestrator, worker } = await loop();
    await register(orchestrator, { url: worker.url, capacity: 0 });
    expect(await submit(gateway)).toMatchObject({ status: absent, text: sentence });
    expect(await submit(gateway, { ...goodJob, capability: 'other' })).toMatchObject({
      status: absent,
      text: 'No orchestrators found for capability other\n',
    });
  });

  it('34: off-chain, no orchestrator takes the empty signature', async () => {
    const { orchestrator, worker } = await loop();
    const gateway = await rig.gateway({ orchestrators: [orchestrator.url], profile, offchain: 'unsigned' });
    expect(await submit(gateway)).toMatchObject({ status: absent });
    expect(worker.received).toHaveLength(0);
  });

  it('34: without ticket parameters the connection is dropped after the worker ran', async () => {
    const { orchestrator, worker } = await loop();
    const gateway = await rig.gateway({
      orchestrators: [orchestrator.url],
      profile,
      offchain: 'no-ticket-params',
    });
    await expect(submit(gateway)).rejects.toThrow('dropped');
    expect(worker.received).toHaveLength(1);
  });

  it('34: without any -orchAddr the connection is dropped', async () => {
    const gateway = await rig.gateway({ orchestrators: [], profile });
    await expect(submit(gateway)).rejects.toThrow('dropped');
  });

  it('35: without HTTP ingest there is no job route', async () => {
    const gateway = await rig.gateway({ orchestrators: ['127.0.0.1:1'], profile, httpIngest: false });
    expect(await submit(gateway)).toMatchObject({ status: 404, text: '404 page not found\n' });
  });
});
