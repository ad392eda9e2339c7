import { describe, expect, it } from '@jest/globals';

import { judgeAnswer, judgeError } from './job-outcome.js';
import type { GatewayAnswer } from './job-outcome.js';

const headers = { 'x-orchestrator-url': 'https://orch:9995', 'livepeer-balance': '0', 'x-metadata': '' };
const judge = (answer: Partial<GatewayAnswer>) =>
  judgeAnswer({ status: 200, headers, text: '{"job_id":"job-1","n":1}', ...answer }, 'job-1');

describe('a gateway’s answer', () => {
  it('is a success when it names an orchestrator and answers this job', () => {
    expect(judge({})).toEqual({
      kind: 'success',
      orchestratorUrl: 'https://orch:9995',
      balance: '0',
      metadata: '',
      body: { job_id: 'job-1', n: 1 },
    });
  });

  it.each([
    ['is an empty 200', { headers: {}, text: '' }],
    ['names no orchestrator', { headers: {} }],
    ['names an empty orchestrator', { headers: { 'x-orchestrator-url': '' } }],
    ['has no body', { text: '' }],
    ['is not JSON', { text: 'data: {"i":1}\n\ndata: [DONE]\n' }],
    ['is a list', { text: '[{"job_id":"job-1"}]' }],
    ['is null', { text: 'null' }],
    ['answers another job', { text: '{"job_id":"job-2"}' }],
    ['answers no job', { text: '{"ok":true}' }],
    ['is a gateway’s 500', { status: 500, text: 'Error reading request body\n' }],
    ['is a proxy’s 502', { status: 502, text: '' }],
  ])('that %s leaves the outcome unknown', (_what, answer) => {
    expect(judge(answer).kind).toBe('unknown');
  });

  it.each([
    ['503 at pr-3650', { status: 503, text: 'No orchestrators found for capability agent-net\n' }],
    ['400 at master', { status: 400, text: 'No orchestrators found for capability agent-net\n' }],
    ['429 of the worker', { status: 429, text: 'busy\n\n' }],
    ['503 of a proxy', { status: 503, text: '' }],
  ])('of %s is transient', (_what, answer) => {
    expect(judge(answer)).toMatchObject({ kind: 'transient', status: answer.status });
  });

  it.each([
    [301, ''],
    [400, 'Unable to parse job request, err=ErrorSegEncoding\n'],
    [401, ''],
    [402, 'Insufficient balance\n\n'],
    [404, '404 page not found\n'],
    [405, 'Method not allowed\n'],
    [422, '{"title":"bad"}\n\n'],
  ])('of %d is permanent', (status, text) => {
    expect(judge({ status, text, headers: {} })).toMatchObject({ kind: 'permanent', status });
  });

  it('hands a worker’s problem document on as it came', () => {
    const text = '{"status":409,"watermark":"2026-01-01T00:00:00.000Z"}\n\n';
    const outcome = judge({ status: 409, headers: {}, text });
    expect(outcome).toMatchObject({ kind: 'permanent', status: 409, body: text });
  });

  it('says what a missing job route means', () => {
    expect(judge({ status: 404, text: '404 page not found\n' })).toMatchObject({
      detail: expect.stringContaining('-httpIngest'),
    });
  });
});

describe('no answer at all', () => {
  const failed = (code: string, wrap = (error: Error): Error => error): Error =>
    wrap(Object.assign(new Error(code), { code }));

  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'UND_ERR_CONNECT_TIMEOUT',
  ])('because of %s is transient: the job cannot have left', (code) => {
    expect(judgeError(failed(code)).kind).toBe('transient');
    expect(judgeError(failed(code, (cause) => new Error('outer', { cause }))).kind).toBe('transient');
    expect(judgeError(failed(code, (error) => new AggregateError([error]))).kind).toBe('transient');
  });

  it.each(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE', 'UND_ERR_RES_EXCEEDED_MAX_SIZE'])(
    'because of %s leaves the outcome unknown: the job may be done',
    (code) => {
      expect(judgeError(failed(code)).kind).toBe('unknown');
    },
  );
});
