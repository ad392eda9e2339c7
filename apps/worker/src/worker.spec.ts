import { CapabilityRegistration, GatewayClient } from '#livepeer';
import { startGatewayDouble, startOrchestratorDouble } from '#livepeer/testing';
import { JournalLockedError, parseSignedReport, recoverReportSigner } from '#monitoring';
import { startSimulatedEngine } from '#monitoring/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { verifyTypedData } from 'ethers';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { z } from 'zod';

import { jobAnswerSchema } from './jobs/job.schemas.js';
import { type Answer, post, type RunningWorker, send, startWorker, until } from './testing/running-worker.js';
import { serviceStatusesSchema, serviceUptimesSchema } from './uptime/uptime.responses.js';

const services = ['redis_scb', 'autogen_agent'];
const challenge = `0x${'5a'.repeat(32)}`;

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
  watermark: z.string().optional(),
});

/** The answer as a problem document; anything else fails the test. */
function problemOf(answer: Answer) {
  expect(answer.headers['content-type']).toContain('application/problem+json');
  const problem = problemSchema.parse(answer.json);
  expect(problem.status).toBe(answer.status);
  expect(answer.text).not.toContain('node_modules');
  return { ...problem, fields: problem.errors?.map(({ field }) => field) ?? [] };
}

/** The first round of inspections settles the first moment. */
const untilSettled = (worker: RunningWorker) =>
  until(
    () => send(`${worker.url}/service-uptime`),
    ({ status }) => status === 200,
  );

let engine: Awaited<ReturnType<typeof startSimulatedEngine>>;
let worker: RunningWorker;

beforeAll(async () => {
  engine = await startSimulatedEngine({ services: services.map((name) => ({ name })) });
  worker = await startWorker({
    DOCKER_HOST: engine.dockerHost,
    MONITORED_SERVICES: [...services, 'nobody_started_me'].join(),
    CAPABILITY_CAPACITY: '2',
  });
  await until(
    () => send(`${worker.url}/health/ready`),
    ({ status }) => status === 200,
  );
  await untilSettled(worker);
});

afterAll(async () => {
  await worker.stop();
  await engine.stop();
});

describe('GET and POST /service-status', () => {
  it.each(['GET', 'POST'] as const)('%s shows what each service does now', async (method) => {
    const answer = await send(`${worker.url}/service-status`, { method });
    const status = serviceStatusesSchema.parse(answer.json);

    expect(answer.status).toBe(200);
    expect(status).toMatchObject({
      monitored_count: 3,
      services: {
        redis_scb: { status: 'running', state: 'up', running: true },
        nobody_started_me: { status: 'missing', state: 'down', running: false, container_id: null },
      },
      summary: { services_up: 2, services_down: 1, total_services: 3, min_uptime_required: 95 },
    });
  });

  it('follows a container that stops and starts', async () => {
    const stateOf = async () =>
      serviceStatusesSchema.parse((await send(`${worker.url}/service-status`)).json).services.autogen_agent
        ?.state;
    engine.stopService('autogen_agent');
    await until(stateOf, (state) => state === 'down');
    engine.startService('autogen_agent');
    expect(await until(stateOf, (state) => state === 'up')).toBe('up');
  });
});

describe('GET and POST /service-uptime', () => {
  it.each([
    ['GET', '', 60_000],
    ['POST', '', 60_000],
    ['GET', '?window=5m', 300_000],
    ['POST', '?window=1h', 3_600_000],
  ] as const)('%s %s accounts for every millisecond', async (method, query, windowMs) => {
    const answer = await send(`${worker.url}/service-uptime${query}`, { method });
    const uptime = serviceUptimesSchema.parse(answer.json);

    expect(answer.status).toBe(200);
    expect(uptime.window_ms).toBe(windowMs);
    expect(Date.parse(uptime.to) - Date.parse(uptime.from)).toBe(windowMs);
    expect(uptime.total_services).toBe(3);
    expect(uptime.services_up + uptime.services_down).toBe(3);
    for (const { up_ms, inferred_up_ms, down_ms, starting_ms, unknown_ms } of uptime.services) {
      expect(up_ms + down_ms + starting_ms + unknown_ms).toBe(windowMs);
      expect(inferred_up_ms).toBeLessThanOrEqual(up_ms);
    }
  });

  it('takes the window from the body as well, since a gateway drops the query', async () => {
    const answer = await post(`${worker.url}/service-uptime`, { window: '5m', job_id: 'ignored' });
    expect(serviceUptimesSchema.parse(answer.json).window_ms).toBe(300_000);
  });

  it('answers for exactly the times that are asked', async () => {
    const { to } = serviceUptimesSchema.parse((await send(`${worker.url}/service-uptime`)).json);
    const from = new Date(Date.parse(to) - 1_234).toISOString();
    const answer = await send(`${worker.url}/service-uptime?from=${from}&to=${to}`);
    expect(serviceUptimesSchema.parse(answer.json)).toMatchObject({ from, to, window_ms: 1_234 });
  });

  it.each([
    ['window=60', 'window'],
    ['window=-1s', 'window'],
    ['window=32d', 'window'],
    ['from=2026-11-22T12:00:00.000Z', 'to'],
    ['from=now&to=2026-11-22T12:00:00.000Z', 'from'],
    ['from=2026-11-22T12:00:00.000Z&to=2026-11-22T12:00:00.000Z', 'to'],
  ])('refuses ?%s and names %s', async (query, field) => {
    const problem = problemOf(await send(`${worker.url}/service-uptime?${query}`));
    expect(problem.status).toBe(400);
    expect(problem.fields).toEqual([field]);
  });
});

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
    expect(report.services.map(({ name }) => name).sort()).toEqual([...services, 'nobody_started_me'].sort());
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

const member = (text: string) => {
  const [type = '', name = ''] = text.split(' ');
  return { type, name };
};

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

describe('more jobs at once than the capacity', () => {
  /** A job whose body never comes to an end: it holds its slot. */
  const slowJob = () =>
    new Promise<Socket>((resolve) => {
      const socket = connect(worker.port, '127.0.0.1', () => {
        socket.write('POST /agent-net HTTP/1.1\r\nHost: worker\r\nContent-Length: 2\r\n\r\n{', () => {
          resolve(socket);
        });
      });
    });
  const counted = async (name: string) => {
    const line = (await send(`${worker.url}/metrics`)).text.split('\n').find((text) => text.startsWith(name));
    return Number(line?.split(' ').at(-1) ?? 0);
  };

  it('are refused with 429 until one of them ends; an aborted one asks for another registration', async () => {
    const jobAborted = jest.spyOn(worker.app.get(CapabilityRegistration), 'jobAborted');
    const slow = [await slowJob(), await slowJob()];
    const refused = await until(
      () => post(`${worker.url}/agent-net`, {}),
      ({ status }) => status === 429,
    );
    expect(problemOf(refused).status).toBe(429);
    expect(refused.headers['retry-after']).toBe('1');
    expect((await send(`${worker.url}/service-status`, { method: 'POST' })).status).toBe(200);

    const finished = new Promise<string>((resolve) => {
      slow[0]?.once('data', (data: Buffer) => {
        resolve(data.toString());
      });
    });
    slow[0]?.write('}');
    expect(await finished).toMatch(/^HTTP\/1.1 200/);
    expect((await post(`${worker.url}/agent-net`, {})).status).toBe(200);

    expect(jobAborted).not.toHaveBeenCalled();
    slow[1]?.destroy();
    await until(
      () => counted('worker_jobs_total{outcome="aborted"}'),
      (count) => count === 1,
    );
    expect(jobAborted).toHaveBeenCalledTimes(1);
    expect(await counted('worker_jobs_total{outcome="refused"}')).toBeGreaterThan(0);
    expect(await counted('worker_jobs_total{outcome="success"}')).toBeGreaterThan(0);
    slow[0]?.destroy();
  });
});

describe('what an operator looks at', () => {
  it('is ready and says what of, the registration included', async () => {
    const { status, json } = await send(`${worker.url}/health/ready`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      status: 'ok',
      info: { engine: { status: 'up' }, journal: { status: 'up' }, registration: { state: 'disabled' } },
    });
    expect((await send(`${worker.url}/health/live`)).status).toBe(200);
    expect((await send(`${worker.url}/health`)).status).toBe(200);
  });

  it('has metrics for states, watermark and registration', async () => {
    const { text } = await send(`${worker.url}/metrics`);
    expect(text).toContain('worker_service_state{service="redis_scb",state="up"} 1');
    expect(text).toContain('worker_service_state{service="nobody_started_me",state="down"} 1');
    expect(text).toMatch(/^worker_watermark_age_seconds \d/m);
    expect(text).toContain('worker_engine_watched 1');
    expect(text).toContain('worker_journal_writable 1');
    expect(text).toContain('worker_registration_state{state="disabled"} 1');
  });

  it('keeps idle connections open for longer than an orchestrator does', () => {
    expect(worker.app.getHttpServer().keepAliveTimeout).toBeGreaterThan(60_000);
  });

  it('documents every route of the contract, with a summary and answers', async () => {
    const documentSchema = z.object({
      paths: z.record(
        z.string(),
        z.record(
          z.string(),
          z.object({ summary: z.string().min(1), responses: z.record(z.string(), z.unknown()) }),
        ),
      ),
      components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
    });
    const answer = await send(`${worker.url}/docs-json`);
    const { paths, components } = documentSchema.parse(answer.json);

    expect(
      Object.entries(paths)
        .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
        .sort(),
    ).toEqual([
      'get /health',
      'get /health/live',
      'get /health/ready',
      'get /metrics',
      'get /reports',
      'get /service-status',
      'get /service-uptime',
      'post /agent-net',
      'post /service-status',
      'post /service-uptime',
    ]);
    const references = [...answer.text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(0);
    for (const name of references) expect(components.schemas).toHaveProperty([String(name)]);
    expect((await send(`${worker.url}/docs`)).text).toContain('swagger-ui');
  });

  it('answers what it does not know, or cannot read, with a problem', async () => {
    expect(problemOf(await send(`${worker.url}/nothing`)).status).toBe(404);
    expect(problemOf(await send(`${worker.url}/%zz`)).status).toBe(400);
  });
});

describe('a worker without an Engine', () => {
  it('lives, is not ready, calls the time unknown, and recovers by itself', async () => {
    const late = await startSimulatedEngine({ services: [{ name: 'redis_scb' }] });
    await late.goAway();
    const lonely = await startWorker({
      DOCKER_HOST: late.dockerHost,
      MONITORED_SERVICES: 'redis_scb',
    });
    try {
      const ready = await send(`${lonely.url}/health/ready`);
      expect(ready.status).toBe(503);
      expect(ready.text).toContain('Docker Engine');
      expect((await send(`${lonely.url}/health/live`)).status).toBe(200);
      const status = serviceStatusesSchema.parse((await send(`${lonely.url}/service-status`)).json);
      expect(status.services.redis_scb).toMatchObject({ state: 'unknown', status: 'unknown' });
      expect(status.summary).toMatchObject({ services_up: 0, eligible_for_payment: false });
      // Nothing is settled in the first seconds: refused in words that a gateway passes on, never a 5xx.
      expect([200, 409]).toContain((await post(`${lonely.url}/agent-net`, { job_id: 'x' })).status);

      await late.comeBack();
      await until(
        () => send(`${lonely.url}/health/ready`),
        ({ status }) => status === 200,
      );
    } finally {
      await lonely.stop();
      await late.stop();
    }
  });
});

describe('a second worker in the same directory', () => {
  it('does not start, and its error names the directory', async () => {
    const second = startWorker({
      WORKER_DATA_DIR: worker.dataDir,
      DOCKER_HOST: engine.dockerHost,
    });
    const error = await second.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(JournalLockedError);
    expect(String(error)).toContain(worker.dataDir);
    expect((await send(`${worker.url}/health/ready`)).status).toBe(200);
  });
});

describe('behind an orchestrator and a gateway', () => {
  it('registers, does a job, and withdraws when it stops', async () => {
    const orchestrator = await startOrchestratorDouble({ secret: 'orch-secret' });
    const gateway = await startGatewayDouble({ orchestrators: [orchestrator.url] });
    const client = new GatewayClient({ gatewayUrl: gateway.url });
    // The capability's address must be known before the worker's port is.
    const front = createServer((socket) => {
      const inner = connect(byoc.port, '127.0.0.1');
      pipeline(socket, inner, socket, () => undefined);
    });
    const frontPort = await new Promise<number>((resolve) => {
      front.listen(0, '127.0.0.1', () => {
        const address = front.address();
        resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
      });
    });
    const byoc = await startWorker({
      DOCKER_HOST: engine.dockerHost,
      MONITORED_SERVICES: 'redis_scb',
      ORCH_URL: orchestrator.url,
      ORCH_SECRET: 'orch-secret',
      CAPABILITY_URL: `http://127.0.0.1:${frontPort}`,
    });
    let isStopped = false;
    try {
      await until(
        () => Promise.resolve(orchestrator.capabilities()),
        (capabilities) => capabilities.length === 1,
      );
      await untilSettled(byoc);
      const outcome = await client.send({
        id: 'job-9',
        capability: 'agent-net',
        route: '/agent-net',
        body: { challenge },
        orchestratorUrl: orchestrator.url,
        timeoutSeconds: 10,
      });
      if (outcome.kind !== 'success') throw new Error(outcome.detail);
      const answer = jobAnswerSchema.parse(outcome.body);
      expect(answer.job_id).toBe('job-9');
      expect(parseSignedReport(answer.report).report.challenge).toBe(challenge);
      expect(JSON.parse(outcome.metadata ?? '')).toMatchObject({ job_id: 'job-9' });

      await byoc.stop();
      isStopped = true;
      expect(orchestrator.capabilities()).toEqual([]);
    } finally {
      if (!isStopped) await byoc.stop();
      await client.close();
      await gateway.stop();
      await orchestrator.stop();
      front.close();
    }
  });
});
