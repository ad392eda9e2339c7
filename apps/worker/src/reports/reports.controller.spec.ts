import { parseSignedReport } from '#monitoring';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyTypedData } from 'ethers';

import { problemOf, type RunningWorker, send, startWatchedWorker } from '../testing/running-worker.js';
import { serviceUptimesSchema } from '../uptime/uptime.responses.js';

const challenge = `0x${'5a'.repeat(32)}`;

const member = (text: string) => {
  const [type = '', name = ''] = text.split(' ');
  return { type, name };
};

let worker: RunningWorker;

beforeAll(async () => {
  ({ worker } = await startWatchedWorker());
});

afterAll(() => worker.stop());

describe('GET /reports', () => {
  const settledSpan = async () => {
    const { to } = serviceUptimesSchema.parse((await send(`${worker.url}/service-uptime`)).json);
    return { from: new Date(Date.parse(to) - 2_000).toISOString(), to };
  };

  it('answers a report that anyone can verify with the published typed data', async () => {
    const { from, to } = await settledSpan();
    const answer = await send(`${worker.url}/reports?from=${from}&to=${to}&challenge=${challenge}`);
    const { report, signature } = parseSignedReport(answer.json);

    expect(answer.status).toBe(200);
    expect(report).toMatchObject({
      capability: 'agent-net',
      fromMs: BigInt(Date.parse(from)),
      toMs: BigInt(Date.parse(to)),
      challenge,
    });
    expect(report.engineId).not.toBe('');
    expect(report.services.map(({ name }) => name).sort()).toEqual(
      ['redis_scb', 'autogen_agent', 'nobody_started_me'].sort(),
    );
    // Written out, not imported: this is what the contract promises to strangers.
    const signer = verifyTypedData(
      { name: 'BYOC Uptime Report', version: '1' },
      {
        UptimeReport:
          'string capability,address worker,string engineId,uint64 from,uint64 to,ServiceUptime[] services,uint64 allUpMs,bytes32 challenge,uint64 issuedAt,bytes32 previousMinuteHash,bytes32 minuteHash'
            .split(',')
            .map(member),
        ServiceUptime:
          'string name,string[] containerIds,uint64 upMs,uint64 inferredUpMs,uint64 downMs,uint64 startingMs,uint64 unknownMs'
            .split(',')
            .map(member),
      },
      {
        ...report,
        worker: report.workerAddress,
        from: report.fromMs,
        to: report.toMs,
        issuedAt: report.issuedAtMs,
      },
      signature,
    );
    expect(signer).toBe(report.workerAddress);
  });

  it('answers 409 with the watermark for what is not settled yet', async () => {
    const { from } = await settledSpan();
    const to = new Date(Date.now() + 3_600_000).toISOString();
    const problem = problemOf(await send(`${worker.url}/reports?from=${from}&to=${to}`));

    expect(problem.status).toBe(409);
    expect(problem.fields).toEqual(['to']);
    expect(Date.parse(problem.watermark ?? '')).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    ['', ['from', 'to']],
    ['from=2026-11-22T12:00:00.000Z', ['to']],
    ['from=1790000000000&to=2026-11-22T12:01:00.000Z', ['from']],
    ['from=2026-11-22T12:01:00.000Z&to=2026-11-22T12:00:00.000Z', ['to']],
    ['from=2026-11-22T12:00:00.000Z&to=2026-11-22T12:01:00.000Z&challenge=0x12', ['challenge']],
  ])('refuses ?%s and names %j', async (query, fields) => {
    const problem = problemOf(await send(`${worker.url}/reports?${query}`));
    expect(problem.status).toBe(400);
    expect(problem.fields).toEqual(fields);
  });
});

describe('GET /reports/minutes', () => {
  const minutes = (from: string, to: string) => send(`${worker.url}/reports/minutes?from=${from}&to=${to}`);

  it('has no line for what lies before the journal', async () => {
    const answer = await minutes('2020-01-01T00:00:00.000Z', '2020-01-02T00:00:00.000Z');
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers['content-type']).toMatch('application/x-ndjson');
  });

  it('refuses what is not sealed yet, and what is not a whole minute', async () => {
    const within = await minutes('2026-11-22T12:00:30.000Z', '2026-11-22T12:01:00.000Z');
    expect(problemOf(within)).toMatchObject({ status: 400, fields: ['from'] });
    const minute = new Date(Math.floor(Date.now() / 60_000) * 60_000);
    const next = new Date(minute.getTime() + 60_000);
    expect(problemOf(await minutes(minute.toISOString(), next.toISOString()))).toMatchObject({ status: 409 });
  });
});
