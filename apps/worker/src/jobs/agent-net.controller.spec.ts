import { parseSignedReport, recoverReportSigner } from '#monitoring';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import {
  type Answer,
  post,
  problemOf,
  type RunningWorker,
  send,
  startWatchedWorker,
} from '../testing/running-worker.js';
import { jobAnswerSchema } from './job.schemas.js';

const challenge = `0x${'5a'.repeat(32)}`;

let worker: RunningWorker;

beforeAll(async () => {
  ({ worker } = await startWatchedWorker());
});

afterAll(() => worker.stop());

describe('POST /agent-net', () => {
  const jobs = () => `${worker.url}/agent-net`;
  const isSuccess = (answer: Answer) => {
    expect(answer.status).toBe(200);
    return jobAnswerSchema.parse(answer.json);
  };

  it('answers with the echo of the job, a summary and the signed report for its challenge', async () => {
    const answer = await post(jobs(), {
      agent_id: 'agent-7',
      action: 'uptime',
      job_id: 'job-1',
      challenge,
      x: [1],
    });
    const success = isSuccess(answer);
    const signed = parseSignedReport(success.report);

    expect(success).toMatchObject({
      status: 'success',
      agent_id: 'agent-7',
      job_id: 'job-1',
      capability: 'agent-net',
      services: { total: 3 },
    });
    expect(recoverReportSigner(signed)).toBe(signed.report.workerAddress);
    expect(signed.report).toMatchObject({ challenge, capability: 'agent-net' });
    expect(signed.report.toMs - signed.report.fromMs).toBe(60_000n);
    expect(JSON.parse(String(answer.headers['x-metadata']))).toMatchObject({
      job_id: 'job-1',
      worker_address: signed.report.workerAddress,
    });
  });

  it('reports exactly the window that is asked, and without a challenge says zero', async () => {
    const whole = isSuccess(await post(jobs(), {})).report.report;
    const from = new Date(Date.parse(whole.to) - 500).toISOString();
    const { report } = isSuccess(await post(jobs(), { from, to: whole.to })).report;
    expect(report).toMatchObject({ from, to: whole.to, window_ms: 500, challenge: `0x${'00'.repeat(32)}` });
  });

  it('answers the same job the same, and another job anew', async () => {
    const first = await post(jobs(), { job_id: 'job-2', challenge });
    const again = await post(jobs(), { job_id: 'job-2', challenge });
    expect(again.text).toBe(first.text);

    const other = isSuccess(await post(jobs(), { job_id: 'job-2', challenge: `0x${'01'.repeat(32)}` }));
    expect(other.report.report.challenge).toBe(`0x${'01'.repeat(32)}`);
  });

  it.each([
    ['no content type', {}],
    ['an empty content type', { 'content-type': '' }],
    ['the content type of a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text', { 'content-type': 'text/plain; charset=utf-8' }],
    ['an invalid content type', { 'content-type': 'nonsense' }],
  ])('reads the body as JSON with %s', async (_case, headers) => {
    expect(isSuccess(await post(jobs(), { job_id: 'typed' }, headers as Record<string, string>)).job_id).toBe(
      'typed',
    );
  });

  it.each(['//agent-net', '/agent-net/', '//agent-net//', '/agent-net?x=1'])(
    'is also found at %s',
    async (path) => {
      isSuccess(await post(`${worker.url}${path}`, {}));
    },
  );

  it('writes a job id of any script into an ASCII header', async () => {
    const answer = await post(jobs(), { job_id: 'ジョブ\r\nx: 1' });
    expect(String(answer.headers['x-metadata'])).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(String(answer.headers['x-metadata']))).toMatchObject({ job_id: 'ジョブ\r\nx: 1' });
    expect(answer.headers).not.toHaveProperty('x');
  });

  it.each([
    [{ agent_id: 7 }, ['agent_id']],
    [{ job_id: null }, ['job_id']],
    [{ action: {} }, ['action']],
    [{ job_id: 'x'.repeat(257) }, ['job_id']],
    [{ challenge: '0x12' }, ['challenge']],
    [{ challenge: 12 }, ['challenge']],
    [{ from: '2026-11-22T12:00:00.000Z' }, ['to']],
    [{ from: 'a', to: 'b' }, ['from', 'to']],
    [{ from: '2026-11-22T12:00:00.000Z', to: '2026-11-22T11:00:00.000Z' }, ['to']],
    [{ agent_id: 1, job_id: 2, challenge: 3 }, ['agent_id', 'job_id', 'challenge']],
  ])('refuses %j and names %j', async (body, fields) => {
    const problem = problemOf(await post(jobs(), body));
    expect(problem.status).toBe(400);
    expect(problem.fields).toEqual(fields);
  });

  it.each(['[]', '"text"', '1', 'null', '', '{', '{"__proto__": {"x": 1}}'])(
    'refuses the body %j',
    async (body) => {
      const problem = problemOf(await send(jobs(), { method: 'POST', body }));
      expect(problem.status).toBe(400);
    },
  );

  it('refuses a body beyond its limit', async () => {
    expect(problemOf(await post(jobs(), { x: 'x'.repeat(300_000) })).status).toBe(413);
  });

  it('answers 409 with the watermark when the window is not settled yet', async () => {
    const problem = problemOf(
      await post(jobs(), {
        from: new Date(Date.now() - 60_000).toISOString(),
        to: new Date(Date.now() + 3_600_000).toISOString(),
        job_id: 'early',
      }),
    );
    expect(problem.status).toBe(409);
    expect(problem.watermark).toMatch(/Z$/);
  });

  it('is nothing but POST', async () => {
    expect(problemOf(await send(jobs())).status).toBe(404);
  });
});
